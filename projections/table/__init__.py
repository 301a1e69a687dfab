"""The table of runs: any rows of it in any order, its columns, and what they hold.

| file          | idea                                                     |
|---------------|----------------------------------------------------------|
| columns.py    | what a column is, and the values it has                  |
| listing.py    | the ids of all runs asked for in order, kept for a while |
| rows.py       | the rows of a page                                       |
| groups.py     | runs that are alike, taken together                      |
| names.py      | which columns there are, and their values                |
"""
