<?php
// The identity provider itself. It signs both the response and the assertion.

$metadata['https://idp.test/ssp'] = [
    'host' => '__DEFAULT__',
    'auth' => 'users',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'saml20.sign.response' => true,
    'saml20.sign.assertion' => true,
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'userid.attribute' => 'uid',
];
