"""SAML responses for tests: signin gets a real one, forge makes a wrong one of it."""
