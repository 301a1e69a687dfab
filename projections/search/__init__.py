"""Search: the languages of filters and orders, and the questions they become over the views.

MLflow's is taken on MLflow's wire as it is there; our own, which has more, by the table of runs.

| file                          | idea                                                      |
|-------------------------------|-----------------------------------------------------------|
| lexer.py, grammar.py          | text -> tokens -> syntax tree                             |
| dialects.py                   | what may be asked of runs, of experiments, of models      |
| expressions.py, matching.py   | our own language: tokens -> syntax tree -> SQL            |
| compile.py                    | syntax tree -> SQL conditions                             |
| ordering.py, tokens.py        | order keys, and the page that starts behind a row         |
| plan.py                       | the cheapest way to reach the runs asked for              |
| runs.py, experiments.py,      | the questions                                             |
| logged_models.py, datasets.py |                                                           |
"""
