"""The read side: views folded from the log, and the questions they answer.  Read it alone.

| projection    | tables                                             | answers                |
|---------------|----------------------------------------------------|------------------------|
| experiments   | experiments, experiment_tags, experiments_erased   | which are there        |
| runs          | runs, runs_deleted_alone, run_params, run_tags,    | what is run X          |
|               | run_names, run_documents                           |                        |
| metrics       | latest_metrics, metric_documents, metric_names,    | last values,           |
|               | metric_wide, metric_tails, metric_groups,          | histories, charts      |
|               | metric_blocks, metric_retractions                  |                        |
| datasets      | datasets, dataset_descriptions, run_datasets,      | what a run read        |
|               | run_models, run_input_documents                    | and made               |
| logged_models | logged_models, logged_model_params,                | what is model M        |
|               | logged_model_tags, logged_model_metrics,           |                        |
|               | logged_model_metrics_retracted                     |                        |
| console       | console_lines                                      | what did a run print   |
| leases        | run_leases                                         | which runs are lost    |
| producers     | producers                                          | what was received      |
| erasures      | erasures                                           | what is gone for good  |
| registered_models | registered_models, registered_model_tags,      | what is model N, whom  |
|               | registered_model_aliases                           | does an alias name     |
| model_versions | model_versions, model_version_tags                | which is the latest    |
| saved_views   | saved_views, saved_view_experiments                | views the UI keeps     |
| changes       | run_changes, last_changes                          | what is new            |
| webhooks      | webhooks, webhook_events, webhook_models,          | who is to be told      |
|               | webhook_deliveries                                 | of what                |

`search/` turns MLflow's filter language into questions to these tables.  Events are the only thing
of eventtrack that may be imported here.
"""
