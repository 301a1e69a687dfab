"""Search: MLflow's filter and order language, and the questions it becomes over the views' tables.

| file                          | idea                                                      |
|-------------------------------|-----------------------------------------------------------|
| lexer.py, grammar.py          | text -> tokens -> syntax tree                             |
| dialects.py                   | what may be asked of runs, of experiments, of models      |
| compile.py                    | syntax tree -> SQL conditions                             |
| ordering.py, tokens.py        | order keys, and the page that starts behind a row         |
| plan.py                       | the cheapest way to reach the runs asked for              |
| runs.py, experiments.py,      | the questions                                             |
| logged_models.py, datasets.py |                                                           |
"""
