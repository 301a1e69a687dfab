"""MLflow's GraphQL, which its web UI asks for run pages and searches (`POST /graphql`).

The answers are the REST functions' own; only names (camelCase) and 64-bit numbers (strings) differ.
"""
