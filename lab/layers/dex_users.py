"""Editing the password hash of one user of Dex in a file of the manifests, and nothing else in the file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lab.errors import LabError
from lab.releases import Password

USERS, EMAIL, HASH = "staticPasswords", "email", "hash"
DATA, TEXT_DATA = "data", "stringData"
BLOCK_STYLES = ("|", ">")


def set_password_hash(text: str, password: Password, user: str, new_hash: str) -> str:
    """Return the text of a file of the manifests with a new password hash of a user.

    To release 1.8, the hash is in the list staticPasswords of Dex's configuration, which is a text in a ConfigMap. From
    1.9 on, it is the value of an environment variable, in a Secret.

    Args:
        text: The text of the file, with one or several YAML documents.
        password: Where the release has the hash.
        user: The email address of the user; Dex does not distinguish upper and lower case.
        new_hash: The new hash.

    Raises:
        LabError: If the file has no hash of this user that can be edited.
    """
    try:
        edited = _edit(text, password, user, new_hash)
        is_edited = edited is not None and _without_hash(edited, password, user) == _without_hash(text, password, user)
    except yaml.YAMLError as error:
        raise _cannot_edit(password, user, f"this is no valid YAML: {error}") from None
    if edited is None:
        seen = f"no hash of {user}; it may be in another file" if password.key == HASH else f"no {password.key}"
        raise _cannot_edit(password, user, seen)
    if not is_edited:
        raise _cannot_edit(password, user, "a hash that other parts of the file refer to")
    return edited


def _edit(text: str, password: Password, user: str, new_hash: str) -> str | None:
    for section, key, node in _list_data(text):
        if key == password.key != HASH:
            is_encoded = section == DATA
            return _replace(text, node, base64.b64encode(new_hash.encode()).decode() if is_encoded else new_hash)
        if hash_node := _find_hash(node.value, user):
            return _replace(text, node, _replace(node.value, hash_node, new_hash))
    return None


def _list_data(text: str) -> Iterator[tuple[str, str, ScalarNode]]:
    """Yield the section, the key and the value of each text in the ConfigMaps and Secrets of a file."""
    for document in yaml.compose_all(text, yaml.SafeLoader):
        for section in (DATA, TEXT_DATA):
            values = _get(document, section)
            if isinstance(values, MappingNode):
                for key, value in values.value:
                    if isinstance(value, ScalarNode):
                        yield section, str(key.value), value


def _find_hash(config: str, user: str) -> ScalarNode | None:
    """Return the hash of a user in Dex's configuration; None if it is no such configuration, or has no such user."""
    try:
        users = _get(yaml.compose(config, yaml.SafeLoader), USERS)
    except yaml.YAMLError:
        return None
    for entry in users.value if isinstance(users, SequenceNode) else ():
        email, hash_node = _get(entry, EMAIL), _get(entry, HASH)
        is_user = isinstance(email, ScalarNode) and str(email.value).lower() == user.lower()
        if is_user and isinstance(hash_node, ScalarNode):
            return hash_node
    return None


def _get(node: Node | None, key: str) -> Node | None:
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _replace(text: str, node: ScalarNode, value: str) -> str:
    """Return a text with another value of a scalar, in the style of the old value where that is possible."""
    if node.style == "|":
        return _replace_lines(text, node, value)
    if node.style is None and "\n" not in value:
        new = value
    elif node.style == "'" and "\n" not in value:
        new = f"""'{value.replace("'", "''")}'"""
    else:
        new = json.dumps(value, ensure_ascii=False) + ("\n" if node.style in BLOCK_STYLES else "")
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _replace_lines(text: str, node: ScalarNode, value: str) -> str:
    """Return a text with another value of a literal block: only the lines that differ change."""
    lines, old, new = text.split("\n"), node.value.rstrip("\n").split("\n"), value.rstrip("\n").split("\n")
    begin = node.start_mark.line + 1
    shown = next((number for number, line in enumerate(old) if line), 0)
    indentation = lines[begin + shown].removesuffix(old[shown])
    kept = old if len(old) == len(new) else [None] * len(new)
    lines[begin : begin + len(old)] = [
        lines[begin + number] if line == kept[number] else (indentation + line if line else "")
        for number, line in enumerate(new)
    ]
    return "\n".join(lines)


def _without_hash(text: str, password: Password, user: str) -> list[Any]:
    """Return the content of a file without the hash of a user, to compare everything else."""
    content: list[Any] = []
    for document in yaml.safe_load_all(text):
        sections = document if isinstance(document, dict) else {}
        for section in (sections.get(DATA) or {}, sections.get(TEXT_DATA) or {}):
            for key, value in section.items():
                if key == password.key != HASH:
                    section[key] = None
                elif isinstance(value, str) and _find_hash(value, user):
                    section[key] = config = yaml.safe_load(value)
                    entry = next(entry for entry in config[USERS] if str(entry.get(EMAIL)).lower() == user.lower())
                    entry[HASH] = None
        content.append(document)
    return content


def _cannot_edit(password: Password, user: str, seen: str) -> LabError:
    return LabError(
        f"the password of {user} cannot be changed in {password.file}",
        expected=f"a user with `{EMAIL}: {user}` and a `{HASH}` in {USERS} of Dex's configuration"
        if password.key == HASH
        else f"a value of {password.key}",
        seen=seen,
        remedy="compare this file of the manifests with that of the release, or deselect the scenario: "
        '-m "not password"',
    )
