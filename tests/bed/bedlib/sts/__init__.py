"""A strict STS: moto's accounts and roles, with the checks that moto leaves out.

server    the HTTP server: keep-alive, path prefixes, faults, the journal
prefix    what a path prefix asks for: a tag, a fault, a shifted clock ...
faults    answers that are wrong on purpose
actions   the STS actions themselves
assertion checks of a SAML response
trust     which principals a role's trust policy lets in
keys      the credentials that were issued, and who calls with them
sigv4     checks of a request's signature
world     the accounts, roles and identity providers there are
reply     AWS's XML, for results and errors
journal   one line of JSON for each request
"""
