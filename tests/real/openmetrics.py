"""Reads OpenMetrics from stdin with the parser of prometheus_client and prints the families: name, type, unit, samples."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    print(family.name, family.type, family.unit or "-", len(family.samples))
