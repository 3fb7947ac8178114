"""The test bed of leapp: real servers on loopback. See ../README.md."""
