"""The values of the settings: from the command line, the environment and kubeflow-lab.toml, each with its origin.

The options of pytest and of `kubeflow-lab preflight` are generated from the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import Field, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import EnvSettingsSource

from lab.config import settings_file
from lab.config.origins import PRECEDENCE, Origin, describe_priority, describe_value, show_value
from lab.config.secret_files import read_password
from lab.config.settings import Settings
from lab.errors import LabError

ADDRESSES = frozenset({"subnet", "gateway", "pool", "ingress_address"})
"""The settings that must fit together."""
TEXTS = (str, SecretStr)
"""The types of settings for which an empty value has a meaning, or is reported as invalid."""


def add_options(add: Callable[..., Any]) -> None:
    """Declare one option for each setting that is no secret; an option that is not given is None.

    Args:
        add: The add_argument of an argparse parser, or the addoption of a pytest option group.
    """
    for name in list_options():
        field = Settings.model_fields[name]
        option = "--" + name.replace("_", "-")
        has_shown_default = field.default not in ("", None, False, ())
        default = f" (default: {field.default})" if has_shown_default and not field.default_factory else ""
        text = f"{field.description}{default}"
        if field.annotation is bool:
            add(option, action="store_true", default=None, help=text)
        elif get_origin(field.annotation) is tuple:
            add(option, action="append", help=text)
        elif get_origin(field.annotation) is Literal:
            add(option, choices=get_args(field.annotation), help=text)
        else:
            add(option, help=text)


def list_options() -> list[str]:
    """Return the names of the settings that have an option: a secret would be in the list of processes."""
    return [name for name in Settings.model_fields if not is_secret(name)]


def is_secret(name: str) -> bool:
    """Return whether the value of a setting must not be shown."""
    return name in Settings.model_fields and Settings.model_fields[name].annotation is SecretStr


def load(options: Mapping[str, Any], directory: Path | None = None) -> Settings:
    """Return the settings of this run.

    Args:
        options: The values from the command line by field name; None where an option was not given. An empty value
            counts as not given, unless it is a text: an empty name selects the lab without a name. An empty environment
            variable counts as not set.
        directory: The directory of kubeflow-lab.toml; None for the working directory.

    Raises:
        LabError: If a value is invalid; the error lists all invalid values.
    """
    in_file = settings_file.read(directory or Path.cwd(), {name: is_secret(name) for name in Settings.model_fields})
    given = {
        Origin.OPTION: _drop_empty(options),
        Origin.ENVIRONMENT: EnvSettingsSource(Settings)(),
        Origin.FILE: _drop_empty(_resolve_paths(in_file.values, in_file.path.parent)),
    }
    origins = {name: origin for origin in reversed(PRECEDENCE) for name in given[origin]}
    values = {name: given[origin][name] for name, origin in origins.items()}
    findings = in_file.findings
    try:
        settings = Settings(**values)
    except ValidationError as error:
        findings += _describe_findings(error, values, origins)
    if findings:
        raise LabError(
            "the settings are invalid, nothing was changed",
            seen="\n".join(findings),
            remedy='correct the options (`pytest --help` lists them under "the lab"), the environment variables '
            f"(KUBEFLOW_LAB_SUBNET and so on){f' or {in_file.path}' if in_file.exists else ''}; the defaults are the "
            "tutorial's",
        )
    overridden = [text for name in Settings.model_fields if (text := _describe_overridden(name, given))]
    return _select_password(settings, origins, overridden)


def _drop_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in values.items()
        if value not in (None, ()) and (value != "" or Settings.model_fields[name].annotation in TEXTS)
    }


def _resolve_paths(values: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """Return the values of the file, with paths that are relative to its directory."""

    def resolve(name: str, value: Any) -> Any:
        if not isinstance(value, str) or not value or value.startswith("~"):
            return value
        is_path = Settings.model_fields[name].annotation == Path | None
        is_tree = name == "manifests" and (directory / value).is_dir()
        return str(directory / value) if is_path or is_tree else value

    return {name: resolve(name, value) for name, value in values.items()}


def _describe_overridden(name: str, given: Mapping[Origin, Mapping[str, Any]]) -> str:
    """Return which of several different values of a setting has priority; empty if there is one value."""
    values = {origin: given[origin][name] for origin in PRECEDENCE if name in given[origin]}
    if len(values) < 2 or len({_normalize(name, value) for value in values.values()}) < 2:
        return ""
    winner, *losers = (describe_value(origin, name, value) for origin, value in values.items())
    return describe_priority(winner, losers)


def _normalize(name: str, value: Any) -> str:
    """Return a value in the one form that all equal values have; a value that is not valid is as it was given."""
    field = Settings.model_fields[name]
    annotation: Any = Annotated[field.annotation, Field(), *field.metadata]
    with suppress(ValidationError):
        value = TypeAdapter(annotation).validate_python(value)
    return str(value.expanduser().absolute() if isinstance(value, Path) else value)


def _select_password(settings: Settings, origins: Mapping[str, Origin], overridden: Sequence[str]) -> Settings:
    """Return the settings with their origins, and with the password of the password file unless another has priority.

    From the same origin, the password itself has priority.
    """
    settings = settings.with_origins(origins, overridden)
    if settings.password_file is None:
        return settings
    in_file = read_password(settings.password_file)
    if "password" not in origins:
        return settings.with_password(in_file, Origin.SEPARATE_FILE)
    file = describe_value(origins["password_file"], "password_file", settings.password_file)
    variable = describe_value(origins["password"], "password", None)
    is_same = settings.password.get_secret_value() == in_file
    is_file_used = PRECEDENCE.index(origins["password_file"]) < PRECEDENCE.index(origins["password"])
    priority = describe_priority(file, [variable]) if is_file_used else describe_priority(variable, [file])
    settings = settings.with_origins(origins, [*overridden, *([] if is_same else [priority])])
    return settings.with_password(in_file, Origin.SEPARATE_FILE) if is_file_used else settings


def _describe_findings(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, Origin]) -> list[str]:
    """Return a text for each invalid value, and for contradictions among the valid addresses.

    Args:
        error: The error of pydantic.
        values: The given values.
        origins: The origin of each.
    """
    # The default of an address that follows from an invalid subnet is no finding of its own.
    findings = [finding for finding in error.errors() if finding["type"] != "default_factory_not_called"]
    texts = [_describe_invalid(finding, origins) for finding in findings]
    # The addresses are not compared with one another if any other setting is invalid.
    invalid = {str(finding["loc"][0]) for finding in findings if finding["loc"]}
    if invalid and not invalid & ADDRESSES:
        try:
            Settings(**{name: value for name, value in values.items() if name not in invalid})
        except ValidationError as others:
            texts += [_describe_invalid(finding, origins) for finding in others.errors() if not finding["loc"]]
    return texts


def _describe_invalid(error: Mapping[str, Any], origins: Mapping[str, Origin]) -> str:
    """Return the text about an invalid value, with the origin of the value."""
    message = str(error["msg"]).removeprefix("Value error, ")
    names = [str(error["loc"][0])] if error["loc"] else _list_mentioned(message)
    elsewhere = [origin.locate(name) for name in names if (origin := origins.get(name)) not in (None, Origin.OPTION)]
    suffix = f" ({', '.join(elsewhere)})" if elsewhere else ""
    if not error["loc"]:
        return f"{message}{suffix}"
    value = "" if is_secret(names[0]) else f" {show_value(error['input'])}"
    return f"{Origin.OPTION.locate(names[0])}{value}: {message}{suffix}"


def _list_mentioned(message: str) -> list[str]:
    """Return the settings that a contradiction is about: those that its text names as options, or the addresses."""
    options = message.partition(": ")[0]
    named = [name for name in Settings.model_fields if f"--{name.replace('_', '-')}" in options]
    return named or [name for name in Settings.model_fields if name in ADDRESSES]
