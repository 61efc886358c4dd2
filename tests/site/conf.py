# Copyright: the fleet.python contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the docs site; tests/gates/site.py lays out what it reads."""

from __future__ import annotations

from typing import Any

from docutils import nodes

project = "fleet.python"
author = "the fleet.python contributors"
# Sphinx takes these by their names.
copyright = author  # noqa: A001
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
pygments_dark_style = "github-dark"
html_title = project
html_show_sourcelink = False
highlight_language = "yaml+jinja"
# Jinja in YAML is not always what Pygments takes for YAML.
suppress_warnings = ["misc.highlighting_failure"]
myst_heading_anchors = 3

# Labels of Ansible's own documentation that antsibull-docs refers to; a build asks no server for them.
_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
_LABELS = {
    "action_plugins": "plugins/action.html",
    "callback_plugins": "plugins/callback.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def setup(app: Any) -> None:
    """Give Sphinx what it cannot find by itself."""
    app.connect("missing-reference", _of_ansible)


def _of_ansible(_app: Any, _env: Any, node: Any, content: nodes.Node) -> nodes.reference | None:
    page = _LABELS.get(node.get("reftarget", ""))
    return nodes.reference("", "", content, refuri=f"{_ANSIBLE}/{page}") if page else None
