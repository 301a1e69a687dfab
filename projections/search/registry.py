"""Which registered models, which model versions match a filter, in which order, page by page?

Prompts are registered models with a tag.  Neither search shows them unless the filter asks for them
(row G6): a comparison with the tag says which of the two kinds is meant.
"""

from collections.abc import Callable, Sequence

import msgspec

from projections.search.compile import Entries, Sql, all_of, column_condition, exists
from projections.search.dialects import MODEL_VERSIONS, REGISTERED_MODELS, Dialect
from projections.search.errors import InvalidOrder
from projections.search.grammar import And, Comparison, Order, parse_filter, parse_order
from projections.search.ordering import Key
from projections.search.pages import find_page
from projections.search.reader import Page, Reader
from projections.search.tokens import decode_token

PROMPT_TAG = "mlflow.prompt.is_prompt"

_MODELS = "registered_models m"
_VERSIONS = "model_versions v JOIN registered_models m USING (registered_model_id)"


async def find_registered_models(
    reader: Reader, *, filter: str, order_by: Sequence[str], max_results: int, page_token: str
) -> Page:
    """The ids of a page of models; raises InvalidFilter for what the caller got wrong."""
    expression = parse_filter(filter, REGISTERED_MODELS)
    orders = _orders(order_by, REGISTERED_MODELS, [Order("attribute", "name", False)])
    keys = [_key(f"m.{each.key}", each) for each in orders]
    keys.append(Key("id", "m.registered_model_id", "text"))
    place = decode_token(page_token, keys, "registered models") if page_token else None
    link = "c.registered_model_id = m.registered_model_id"
    tags = "registered_model_tags c"
    conditions = [
        Sql("m.lifecycle_stage = 'active'"),
        _condition(
            expression,
            lambda each: (
                _tagged(tags, link, each)
                if each.entity == "tag"
                else column_condition(f"m.{each.key}", each.op, each.value)
            ),
            _prompts(tags, link),
        ),
    ]
    return await find_page(
        reader, _MODELS, conditions, keys, place, max_results, "registered models"
    )


async def find_model_versions(
    reader: Reader, *, filter: str, order_by: Sequence[str], max_results: int, page_token: str
) -> tuple[list[tuple[str, int]], str | None]:
    """The (registered model id, version) of a page of versions, and the next page's token."""
    expression = parse_filter(filter, MODEL_VERSIONS)
    ties = [Order("attribute", "name", False), Order("attribute", "version", True)]
    newest = Order("attribute", "last_updated_timestamp", True)
    orders = _orders(order_by, MODEL_VERSIONS, ties if order_by else [newest, *ties])
    keys = [_key(f"{'m' if each.key == 'name' else 'v'}.{each.key}", each) for each in orders]
    keys.append(Key("id", "json_array(v.registered_model_id, v.version)", "text"))
    place = decode_token(page_token, keys, "model versions") if page_token else None
    of_model = "c.registered_model_id = v.registered_model_id"
    link = f"{of_model} AND c.version = v.version"
    tags = "model_version_tags c"

    def leaf(each: Comparison) -> Sql:
        if each.entity == "tag":
            return _tagged(tags, link, each)
        column = "m.name" if each.key == "name" else f"v.{each.key}"
        return column_condition(column, each.op, each.value)

    conditions = [
        Sql("v.lifecycle_stage = 'active' AND m.lifecycle_stage = 'active'"),
        _condition(expression, leaf, _prompts(tags, of_model)),
    ]
    page = await find_page(
        reader, _VERSIONS, conditions, keys, place, max_results, "model versions"
    )
    ids = [msgspec.json.decode(each, type=tuple[str, int]) for each in page.ids]
    return ids, page.next_page_token


def _orders(given: Sequence[str], dialect: Dialect, ties: Sequence[Order]) -> list[Order]:
    """The orders asked for, each field once, then those of the ties that they leave open."""
    orders = [parse_order(entry, dialect) for entry in given]
    if len({each.key for each in orders}) < len(orders):
        raise InvalidOrder(f"Invalid order_by: `order_by` contains duplicate fields: {given}")
    known = {each.key for each in orders}
    return orders + [each for each in ties if each.key not in known]


def _key(column: str, order: Order) -> Key:
    return Key(order.key, column, "text" if order.key == "name" else "integer", order.descending)


def _condition(expression: And, leaf: Callable[[Comparison], Sql], prompts: Sql) -> Sql:
    comparisons = [each for each in expression.parts if isinstance(each, Comparison)]
    asked = [each for each in comparisons if (each.entity, each.key) == ("tag", PROMPT_TAG)]
    if asked and _means_prompts(asked[0]):
        return all_of(leaf(each) for each in comparisons)
    # What models say of the tag is nothing: whatever is compared, it means "no prompts".
    rest = [leaf(each) for each in comparisons if each not in asked]
    return all_of([*rest, Sql(f"NOT {prompts.text}", prompts.params)])


def _means_prompts(comparison: Comparison) -> bool:
    value = str(comparison.value).lower()
    return (comparison.op, value) in (("=", "true"), ("!=", "false"))


def _prompts(tags: str, link: str) -> Sql:
    return exists(Entries(tags, Sql("c.key = ? AND c.value = 'true'", (PROMPT_TAG,))), link)


def _tagged(tags: str, link: str, comparison: Comparison) -> Sql:
    where = all_of(
        [
            Sql("c.key = ?", (comparison.key,)),
            column_condition("c.value", comparison.op, comparison.value),
        ]
    )
    return exists(Entries(tags, where), link)
