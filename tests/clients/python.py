"""Asks who it is twice a second for SECONDS, with one client all the time, and prints the ARN."""

import sys
import time

import boto3

client = boto3.client("sts")
end = time.monotonic() + float(sys.argv[1])
while True:
    arn = client.get_caller_identity()["Arn"]
    if time.monotonic() >= end:
        break
    time.sleep(0.5)
print(arn)
