// Asks who it is twice a second for SECONDS, with one client all the time, and prints the ARN.
'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { GetCallerIdentityCommand, STSClient } = require('@aws-sdk/client-sts')

const main = async () => {
  const client = new STSClient()
  const end = performance.now() + 1000 * Number(process.argv[2])
  for (;;) {
    const { Arn } = await client.send(new GetCallerIdentityCommand())
    if (performance.now() >= end) return Arn
    await sleep(500)
  }
}

main().then(console.log)
