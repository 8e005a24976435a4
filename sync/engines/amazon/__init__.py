"""Amazon Translate: batch jobs with Active Custom Translation (ACT), and TranslateText.

`engine` is the way through: submit, poll, finish. `client` alone speaks to AWS.
"""
