<?php
// SimpleSAMLphp as a SAML identity provider on loopback. What differs from run
// to run comes from the environment: the folder for all that it writes, the
// folder it is unpacked in, and its port.

$state = getenv('LEAPP_BED_SSP_STATE');
$home = getenv('LEAPP_BED_SSP_HOME');

$config = [
    'baseurlpath' => 'http://127.0.0.1:' . getenv('LEAPP_BED_SSP_PORT') . '/',
    'certdir' => "$state/cert/",
    'loggingdir' => "$state/log/",
    'datadir' => "$state/data/",
    'tempdir' => "$state/tmp",
    'metadatadir' => dirname(__DIR__) . '/metadata/',
    'attributenamemapdir' => "$home/etc/simplesamlphp/attributemap/",

    'secretsalt' => 'no-secret-on-loopback-no-secret',
    'auth.adminpassword' => 'bed-admin',
    'technicalcontact_email' => 'bed@example.org',
    'timezone' => 'UTC',
    'language.default' => 'en',
    'language.available' => ['en'],
    'theme.use' => 'default',
    'admin.checkforupdates' => false,

    'showerrors' => true,
    'errorreporting' => true,
    'logging.level' => 6, // info
    'logging.handler' => 'file',
    'logging.logfile' => 'ssp.log',

    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'metadata.sources' => [['type' => 'flatfile']],
    'authproc.idp' => [],
    'trusted.url.domains' => [],

    // The sign-in is remembered by a cookie that ends with the browser's
    // session, as most identity providers have it, and never by a longer one.
    'session.duration' => 8 * 3600,
    'session.cookie.name' => 'SimpleSAMLSessionID',
    'session.cookie.lifetime' => 0,
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'session.authtoken.cookiename' => 'SimpleSAMLAuthToken',
    'session.rememberme.enable' => false,

    // PHP's own sessions fail with this release on PHP 8.2
    'store.type' => 'sql',
    'store.sql.dsn' => "sqlite:$state/data/store.sq3",
    'store.sql.prefix' => 'ssp',
];
