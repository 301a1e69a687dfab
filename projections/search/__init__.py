"""MLflow's filter language: text -> comparisons -> SQL -> pages of ids.

`grammar.py` reads, `fields.py` says which fields there are and what may be done with each,
`compile.py` writes SQL, `paging.py` walks pages by key, and one module for each noun answers.
"""
