"""Shared setup: repeatable property tests, and a small template that loads the extensions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, max_examples=150
)
settings.load_profile("repeatable")

EXTENSIONS = Path(__file__).parents[2] / "extensions"

COPIER_YML = """\
_subdirectory: template
_templates_suffix: ""
_envops: {undefined: jinja2.StrictUndefined}
_jinja_extensions:
  - copier_template_extensions.TemplateExtensionLoader
  - extensions/escape.py:EscapeFilters
  - extensions/names.py:NameFilters
  - extensions/answers.py:AnswerValidators
  - extensions/one_sentence.py:OneSentence
  - extensions/compile_once.py:CompileOnce
  - jinja2_time.TimeExtension

project_name:
  type: str
  default: Orbit
  validator: "{{ project_name | project_name_problem }}"
distribution_name:
  type: str
  default: "{{ project_name | slug }}"
  validator: "{{ distribution_name | distribution_name_problem }}"
package:
  type: str
  default: "{{ distribution_name | package_name }}"
  validator: "{{ package | package_name_problem }}"
description:
  type: str
  validator: "{{ description | single_line_problem }}"
author: {type: str, default: Jane, validator: "{{ author | author_problem }}"}
email: {type: str, default: "", validator: "{{ email | email_problem }}"}
namespace: {type: str, default: "", validator: "{{ namespace | namespace_problem }}"}
licence: {type: str, default: MIT, choices: [MIT, GPL-3.0]}
port: {type: int, default: 8000}
ratio: {type: float, default: 0.5}
labels: {type: yaml, default: "{}"}
limits: {type: json, default: "{}"}
features: {type: str, multiselect: true, default: [web], choices: [web, worker]}
ci:
  type: str
  default: none
  choices:
    None: none
    GitLab:
      value: gitlab
      validator: "{% if licence == 'MIT' %}Choose another licence for GitLab.{% endif %}"
"""

PYPROJECT = "name = {{ distribution_name | toml }}\ndescription = {{ description | toml }}\n"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template whose questions use the extensions, each loaded by its path."""
    root = tmp_path / "template-root"
    (root / "template" / "src").mkdir(parents=True)
    (root / "copier.yml").write_text(COPIER_YML, encoding="utf-8")
    (root / "template" / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "template" / "src" / "name.py").write_text(
        "NAME = {{ project_name | python }}\n", encoding="utf-8"
    )
    (root / "template" / "{{ _copier_conf.answers_file }}").write_text(
        "{{ _copier_answers | to_nice_yaml }}", encoding="utf-8"
    )
    shutil.copytree(EXTENSIONS, root / "extensions", ignore=shutil.ignore_patterns("__pycache__"))
    return root
