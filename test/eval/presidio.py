"""Presidio's analyzer with its default recognisers: JSON lines {"id","text"} in, {"id","spans"} out, then {"seconds"}.

The folder of a spaCy model is the argument. Offsets come out in UTF-16 code units.
"""

import json
import logging
import sys
import time

import tldextract

# Presidio looks up the ends of host names; the list that the package carries will do, nothing is fetched.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

from presidio_analyzer import AnalyzerEngine  # noqa: E402
from presidio_analyzer.nlp_engine import NlpEngineProvider  # noqa: E402

logging.disable(logging.WARNING)


def utf16(text: str, end: int) -> int:
    return len(text[:end].encode("utf-16-le")) // 2


def main() -> None:
    configuration = {
        "nlp_engine_name": "spacy",
        "models": [{"lang_code": "en", "model_name": sys.argv[1]}],
        # As Presidio's own conf/default.yaml: what the model calls an organisation is not taken for anything.
        "ner_model_configuration": {
            "model_to_presidio_entity_mapping": {
                "PER": "PERSON",
                "PERSON": "PERSON",
                "NORP": "NRP",
                "FAC": "LOCATION",
                "LOC": "LOCATION",
                "GPE": "LOCATION",
                "LOCATION": "LOCATION",
                "ORG": "ORGANIZATION",
                "ORGANIZATION": "ORGANIZATION",
                "DATE": "DATE_TIME",
                "TIME": "DATE_TIME",
            },
            "low_confidence_score_multiplier": 0.4,
            "low_score_entity_names": [],
            "labels_to_ignore": [
                "ORGANIZATION",
                "CARDINAL",
                "EVENT",
                "LANGUAGE",
                "LAW",
                "MONEY",
                "ORDINAL",
                "PERCENT",
                "PRODUCT",
                "QUANTITY",
                "WORK_OF_ART",
            ],
        },
    }
    engine = NlpEngineProvider(nlp_configuration=configuration).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    analyzer.analyze(text="Warm.", language="en")
    seconds = 0.0
    for line in sys.stdin:
        note = json.loads(line)
        text = note["text"]
        began = time.perf_counter()
        results = analyzer.analyze(text=text, language="en")
        seconds += time.perf_counter() - began
        spans = [
            {"start": utf16(text, one.start), "end": utf16(text, one.end), "type": one.entity_type}
            for one in results
        ]
        print(json.dumps({"id": note["id"], "spans": spans}))
    print(json.dumps({"seconds": seconds}))


main()
