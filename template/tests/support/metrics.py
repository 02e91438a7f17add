"""Scraping of metrics."""

from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

from .processes import Process

# Shared, because creating a client loads all certificates.
_client = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=10)


class Scrape:
    """Metrics of a scrape.

    Args:
        response: Response of the process.
    """

    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 200, response
        self.text = response.text
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(response.text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """Value of the sample with exactly these labels, or None."""
        return self._samples.get((name, frozenset(labels.items())))

    def labels(self, name: str) -> list[Mapping[str, str]]:
        """Labels of all samples with this name."""
        return [dict(labels) for found, labels in self._samples if found == name]


def scrape(process: Process, *, accept: str = "*/*") -> Scrape:
    """Scrape a process on METRICS_PORT, or a web process without one on PORT."""
    port = process.environment.get("METRICS_PORT") or process.environment["PORT"]
    return Scrape(_client.get(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept}))
