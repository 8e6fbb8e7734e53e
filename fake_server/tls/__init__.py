"""Certificates for TLS: a certificate authority for one run, files of the user, CA bundles."""
