"""Facts of the service: where ACT is offered, which language has which setting, and the limits that AMTS works within.

Sources: Amazon Translate developer guide ("Guidelines and quotas", "Setting formality", "Masking profane words and
phrases", "Customizing your translations with parallel data") and botocore's model translate/2017-07-01.
"""

from __future__ import annotations

# Where parallel data can be created and used. Others translate, but without ACT.
ACT_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})

FORMALITY = frozenset({"nl", "fr", "fr-CA", "de", "hi", "it", "ja", "ko", "pt-PT", "es", "es-MX"})
NO_PROFANITY = frozenset({"bn", "hi", "ml", "pa", "si", "vi"})

TEXT_BYTES = 10_000  # of one TranslateText call, UTF-8
# Of one document of ours. The service takes 1 MB of text; smaller ones lose less where one of them fails.
DOCUMENT_BYTES = 200_000
