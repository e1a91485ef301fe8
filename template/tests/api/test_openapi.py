"""Schemathesis makes requests of all kinds from the OpenAPI document, right ones and wrong ones.

Whatever comes, the answer is one that the document describes, and never a 5xx.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from app.main import create_app
from tests.api.fixtures import Served

pytestmark = pytest.mark.slow

schema = from_dict(create_app().openapi())

SOME = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


NOT_FOR_US: list[schemathesis.CheckFunction] = [
    positive_data_acceptance,  # the code knows more of a workflow's input or a callback URL than the document
    negative_data_rejection,  # a query parameter too many is ignored, as usual in HTTP
]


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return served.key("admin")


@schema.parametrize()
@SOME
def test_an_authorised_client_gets_what_the_document_says(
    case: schemathesis.Case[Any], served: Served, key: str
) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    case.call_and_validate(served.url, headers=headers, excluded_checks=NOT_FOR_US)


@schema.parametrize()
@SOME
def test_an_unauthorised_client_gets_what_the_document_says(
    case: schemathesis.Case[Any], served: Served
) -> None:
    response = case.call(served.url, headers={"Authorization": "Bearer nonsense"})

    case.validate_response(response)
    refused = {400, 401, 404, 405}  # 400: what is no JSON is not looked at any further
    assert response.status_code in refused or case.operation.path.startswith("/health")
