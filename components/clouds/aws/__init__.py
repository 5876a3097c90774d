"""AWS: what pulumi-aws builds, and what its API is asked; who reads the API loads no Pulumi."""
