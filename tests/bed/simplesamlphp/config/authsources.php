<?php
// The people who can sign in. Each role is offered as a pair of role and
// identity provider, whose order is free: alice's third pair is reversed.

$attribute = 'https://aws.amazon.com/SAML/Attributes/';

$manyRoles = [];
for ($number = 0; $number < 1200; $number++) {
    $account = sprintf('%012d', 100000000000 + intdiv($number, 10));
    $manyRoles[] = "arn:aws:iam::$account:role/Role$number,arn:aws:iam::$account:saml-provider/ssp";
}

$config = [
    'admin' => ['core:AdminPassword'],
    'users' => [
        'exampleauth:UserPass',
        'alice:wonder' => [
            'uid' => ['alice'],
            $attribute . 'Role' => [
                'arn:aws:iam::111122223333:role/Admin,arn:aws:iam::111122223333:saml-provider/ssp',
                'arn:aws:iam::111122223333:role/ReadOnly,arn:aws:iam::111122223333:saml-provider/ssp',
                'arn:aws:iam::444455556666:saml-provider/ssp,arn:aws:iam::444455556666:role/team/Deploy',
            ],
            $attribute . 'RoleSessionName' => ['alice@example.org'],
            $attribute . 'SessionDuration' => ['14400'],
        ],
        'solo:solo' => [
            'uid' => ['solo'],
            $attribute . 'Role' => [
                'arn:aws:iam::111122223333:role/Solo,arn:aws:iam::111122223333:saml-provider/ssp',
            ],
            $attribute . 'RoleSessionName' => ['solo@example.org'],
            $attribute . 'SessionDuration' => ['3600'],
        ],
        'many:many' => [
            'uid' => ['many'],
            $attribute . 'Role' => $manyRoles,
            $attribute . 'RoleSessionName' => ['many@example.org'],
        ],
        'none:none' => [
            'uid' => ['none'],
            $attribute . 'RoleSessionName' => ['none@example.org'],
        ],
    ],
];
