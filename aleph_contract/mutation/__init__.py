"""Mutation testing of a client's test suite: which changes to one call does the suite notice?"""
