"""A cloud in one Linux computer: real machines behind a router that enforces a cloud's rules.

`lab.lab.Lab` is the way in; `lab.model` holds the kinds it speaks of.
"""
