"""A stand-in for Weaviate, whose server is in no package: it speaks the protocol, and keeps all in memory.

As in the client's own tests: HTTP for the schema, gRPC for objects and searches, with the messages that the
client brings. What it shows is that our requests are well-formed and mean what they should, as the protocol
says it. What it cannot show is how the real server ranks or how fast it is: for that set `TEST_WEAVIATE_URL`.
"""

import json
import math
import operator
import re
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import grpc
import numpy as np
from numpy.typing import NDArray
from pytest_httpserver import HTTPServer
from weaviate.proto.v1.v6300.v1 import (
    aggregate_pb2,
    base_pb2,
    batch_delete_pb2,
    batch_pb2,
    properties_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)
from werkzeug import Request, Response

_VERSION = "1.34.0"
_HNSW = {
    "cleanupIntervalSeconds": 300,
    "dynamicEfFactor": 8,
    "dynamicEfMax": 500,
    "dynamicEfMin": 100,
    "flatSearchCutoff": 40_000,
    "skip": False,
    "vectorCacheMaxObjects": 1_000_000_000_000,
}
"""What the server says of an index of vectors, besides what it was told."""
_OPERATORS = base_pb2.Filters
_COMPARISONS: dict[int, Callable[[Any, Any], bool]] = {
    _OPERATORS.OPERATOR_EQUAL: operator.eq,
    _OPERATORS.OPERATOR_NOT_EQUAL: operator.ne,
    _OPERATORS.OPERATOR_LESS_THAN: operator.lt,
    _OPERATORS.OPERATOR_LESS_THAN_EQUAL: operator.le,
    _OPERATORS.OPERATOR_GREATER_THAN: operator.gt,
    _OPERATORS.OPERATOR_GREATER_THAN_EQUAL: operator.ge,
}


@dataclass
class Collection:
    """What is known of a collection."""

    schema: dict[str, Any]
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Their properties, by id."""
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    words: dict[str, Counter[str]] = field(default_factory=dict)
    """What is searched by words."""

    def words_of_all(self) -> set[str]:
        """Return every word that stands somewhere."""
        return set().union(*self.words.values())

    def of(self, name: str) -> dict[str, Any]:
        """Return a property of the schema."""
        return next(each for each in self.schema["properties"] if each["name"] == name)


class StandIn(weaviate_pb2_grpc.WeaviateServicer):
    """A server of the two protocols."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self._http = HTTPServer(host="127.0.0.1")
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        weaviate_pb2_grpc.add_WeaviateServicer_to_server(self, self._grpc)
        self.grpc_port: int = self._grpc.add_insecure_port("127.0.0.1:0")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.port}"

    def start(self) -> None:
        self._http.expect_request("/v1/.well-known/openid-configuration").respond_with_data(status=404)
        self._http.expect_request("/v1/meta").respond_with_json({"version": _VERSION})
        anything = self._http.expect_request(re.compile("/v1/schema.*"))
        anything.respond_with_handler(self._schema)
        self._http.start()
        self._grpc.start()

    def stop(self) -> None:
        self._grpc.stop(None)
        self._http.stop()

    def _schema(self, request: Request) -> Response:
        """Make, show, extend and delete collections."""
        name, _, rest = request.path.removeprefix("/v1/schema").strip("/").partition("/")
        match request.method, name, rest:
            case "POST", "", "":
                schema = request.get_json()
                if schema["class"] in self.collections:
                    return Response("class already exists", 422)
                self.collections[schema["class"]] = Collection(_complete(schema))
                return _json(schema)
            case "POST", _, "properties":
                self.collections[name].schema["properties"].append(_complete_property(request.get_json()))
                return _json(request.get_json())
            case "GET", _, "" if name in self.collections:
                return _json(self.collections[name].schema)
            case "DELETE", _, "":
                self.collections.pop(name, None)
                return Response("", 200)
        return Response("", 404)

    def BatchObjects(  # noqa: N802 - so the protocol calls it
        self, request: batch_pb2.BatchObjectsRequest, context: grpc.ServicerContext
    ) -> batch_pb2.BatchObjectsReply:
        """Keep objects: one of the same id is replaced."""
        del context
        for each in request.objects:
            collection = self.collections[each.collection]
            properties = dict(each.properties.non_ref_properties.items())
            for name in properties:
                collection.of(name)  # Weaviate would guess a type for what is not in the schema: we do not
            collection.objects[each.uuid] = {k: v for k, v in properties.items() if v is not None}
            collection.words[each.uuid] = Counter(str(properties["words"]).split())
            collection.vectors[each.uuid] = np.frombuffer(_bytes(each), "<f4")
        return batch_pb2.BatchObjectsReply()

    def BatchDelete(  # noqa: N802 - so the protocol calls it
        self, request: batch_delete_pb2.BatchDeleteRequest, context: grpc.ServicerContext
    ) -> batch_delete_pb2.BatchDeleteReply:
        del context
        collection = self.collections[request.collection]
        gone = [uuid for uuid in collection.objects if _fits(collection, uuid, request.filters)]
        for uuid in gone:
            del collection.objects[uuid], collection.vectors[uuid], collection.words[uuid]
        return batch_delete_pb2.BatchDeleteReply(matches=len(gone), successful=len(gone))

    def Aggregate(  # noqa: N802 - so the protocol calls it
        self, request: aggregate_pb2.AggregateRequest, context: grpc.ServicerContext
    ) -> aggregate_pb2.AggregateReply:
        del context
        count = len(self.collections[request.collection].objects)
        return aggregate_pb2.AggregateReply(
            single_result=aggregate_pb2.AggregateReply.Single(objects_count=count)
        )

    def Search(  # noqa: N802 - so the protocol calls it
        self, request: search_get_pb2.SearchRequest, context: grpc.ServicerContext
    ) -> search_get_pb2.SearchReply:
        """Filter, then rank by vector or by words, or not at all."""
        del context
        collection = self.collections[request.collection]
        has_filter = request.HasField("filters")
        found = [u for u in collection.objects if not has_filter or _fits(collection, u, request.filters)]
        scores: dict[str, float] = {}
        if request.HasField("near_vector"):
            scores = _distances(collection, found, request.near_vector)
            found = sorted(found, key=lambda uuid: scores[uuid])
        if request.HasField("bm25_search"):
            scores = _bm25(collection, request.bm25_search.properties, request.bm25_search.query)
            found = sorted((u for u in found if u in scores), key=lambda uuid: -scores[uuid])
        results = [_result(collection, uuid, request, scores) for uuid in found[: request.limit]]
        return search_get_pb2.SearchReply(results=results)


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    """Add what the server assumes of a collection where nothing is said."""
    for each in schema["properties"]:
        _complete_property(each)
    for vectors in schema["vectorConfig"].values():
        vectors["vectorIndexConfig"] = _HNSW | vectors["vectorIndexConfig"]
    return schema


def _complete_property(definition: dict[str, Any]) -> dict[str, Any]:
    """Add what the server assumes of a property where nothing is said."""
    definition.setdefault("indexFilterable", True)
    definition.setdefault("indexSearchable", definition["dataType"] == ["text"])
    return definition


def _json(value: Any) -> Response:
    return Response(json.dumps(value), 200, content_type="application/json")


def _bytes(message: Any) -> bytes:
    """Return a vector as bytes: alone, or as the only one of several."""
    return bytes(message.vectors[0].vector_bytes if message.vectors else message.vector_bytes)


def _fits(collection: Collection, uuid: str, wanted: base_pb2.Filters) -> bool:
    parts = (_fits(collection, uuid, each) for each in wanted.filters)
    if wanted.operator == _OPERATORS.OPERATOR_AND:
        return all(parts)
    if wanted.operator == _OPERATORS.OPERATOR_OR:
        return any(parts)
    given = getattr(wanted, wanted.WhichOneof("test_value"))
    if wanted.target.property == "_id":
        return bool(uuid == given)
    assert collection.of(wanted.target.property)["indexFilterable"]
    value = collection.objects[uuid].get(wanted.target.property)
    if wanted.operator == _OPERATORS.OPERATOR_IS_NULL:
        assert collection.schema["invertedIndexConfig"]["indexNullState"]
        return bool((value is None) == given)
    return value is not None and _compares(value, wanted.operator, given)


def _compares(value: Any, sign: int, given: Any) -> bool:
    if sign == _OPERATORS.OPERATOR_CONTAINS_ANY:
        return value in given.values
    is_order = sign not in {_OPERATORS.OPERATOR_EQUAL, _OPERATORS.OPERATOR_NOT_EQUAL}
    assert not (is_order and isinstance(value, str)), "the order of texts is not defined"
    return bool(_COMPARISONS[sign](value, given))


def _distances(collection: Collection, found: Iterable[str], near: Any) -> dict[str, float]:
    assert collection.schema["vectorConfig"]["default"]["vectorIndexConfig"]["distance"] == "cosine"
    vector = np.frombuffer(_bytes(near), "<f4")
    vector = vector / np.linalg.norm(vector)
    return {
        uuid: 1 - float(vector @ collection.vectors[uuid] / np.linalg.norm(collection.vectors[uuid]))
        for uuid in found
    }


def _bm25(collection: Collection, names: Iterable[str], query: str) -> dict[str, float]:
    (name,) = names
    assert collection.of(name)["tokenization"] == "whitespace"
    lengths = {uuid: words.total() for uuid, words in collection.words.items()}
    mean = sum(lengths.values()) / max(len(lengths), 1)
    scores: dict[str, float] = defaultdict(float)
    for word in set(query.split()) & collection.words_of_all():
        having = [uuid for uuid, words in collection.words.items() if word in words]
        idf = math.log(1 + (len(lengths) - len(having) + 0.5) / (len(having) + 0.5))
        for uuid in having:
            tf = collection.words[uuid][word]
            scores[uuid] += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * lengths[uuid] / mean))
    return dict(scores)


def _result(
    collection: Collection, uuid: str, request: search_get_pb2.SearchRequest, scores: dict[str, float]
) -> search_get_pb2.SearchResult:
    metadata = search_get_pb2.MetadataResult(id_as_bytes=UUID(uuid).bytes)
    if request.HasField("near_vector"):
        metadata.distance, metadata.distance_present = scores[uuid], True
    if request.HasField("bm25_search"):
        metadata.score, metadata.score_present = scores[uuid], True
    if request.metadata.vector:
        vector = collection.vectors[uuid]
        metadata.vector_bytes = struct.pack(f"<{len(vector)}f", *vector)
    wanted = request.properties.non_ref_properties
    fields = {
        name: _value(collection.of(name)["dataType"][0], value)
        for name, value in collection.objects[uuid].items()
        if name in wanted
    }
    properties = properties_pb2.Properties(fields=fields)
    return search_get_pb2.SearchResult(
        metadata=metadata, properties=search_get_pb2.PropertiesResult(non_ref_props=properties)
    )


def _value(data_type: str, value: Any) -> properties_pb2.Value:
    match data_type:
        case "int":
            return properties_pb2.Value(int_value=int(value))
        case "number":
            return properties_pb2.Value(number_value=value)
        case "boolean":
            return properties_pb2.Value(bool_value=value)
    return properties_pb2.Value(text_value=value)
