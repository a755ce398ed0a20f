"""The Jinja environment: sandboxed, autoescaped, strict; an error names its file and line.

A project may bring templates of its own, and the project may be a stranger's: a template reads what it is
given, calls methods of plain data and of ours, and changes nothing.
"""

import re
import traceback
import types
from collections import deque
from collections.abc import Hashable, Iterable, MutableMapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import FunctionType, MethodType, ModuleType, TracebackType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator
from jinja2.compiler import Frame as Scope
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from flipsite.domain.display import encoded, plural, usd_text
from flipsite.errors import ContentError
from flipsite.present.charts.svg import drawings, drawn_size, relinked
from flipsite.present.outcomes.words import labels_text, target_text
from flipsite.present.pages.glossary import term_html
from flipsite.present.pages.page import Frame, Page
from flipsite.present.result_cache import current_cache
from flipsite.present.text import escaping, formats
from flipsite.present.text.verdicts import flag_text
from flipsite.project import own_digest

_SAFE_HOMES = ("builtins", "datetime", "flipsite.", "jinja2.", "markupsafe")
"""Modules of whose objects a template may call a method; a path, which could read a file, is of none."""


_GUARDED = (
    *(types.FunctionType, types.MethodType, type, types.CodeType, types.FrameType, types.TracebackType),
    *(types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, list, dict, set, deque),
)
_GUARDED_NAMES = {name for kind in _GUARDED for name in dir(kind)} | {"format", "format_map"}
"""Attributes that lead out of the sandbox or change what it holds; of texts their forms."""

_OFTEN_CALLED: frozenset[object] = frozenset({Page.link, formats.interval_text, term_html})

_has_markup = re.compile("[&<>'\"]").search
_SHORT = 40
"""A text of fewer characters is looked through faster than it is escaped."""


def _home(named: Any) -> str:
    return str(named.__module__)


class _CodeGenerator(CodeGenerator):
    """Reads an attribute in place where no object has a guarded one of that name: a page reads four hundred.

    The sandbox is asked for the others, and where there is no such attribute. What a page shows is escaped
    by `_BuildEnvironment.escaped`, and a template or a block gives its text as one piece.
    """

    def _output_child_pre(
        self, node: nodes.Expr, frame: Scope, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile:
            self.write("environment.escaped(")
        else:
            super()._output_child_pre(node, frame, finalize)

    def visit_Template(self, node: nodes.Template, frame: Scope | None = None) -> None:  # noqa: N802 - likewise
        self._is_joined = all(part.with_context for part in node.find_all(nodes.Include))
        super().visit_Template(node, frame)

    def blockvisit(self, body: Iterable[nodes.Node], frame: Scope) -> None:
        """Join the output of a template or a block: each piece would pass through all templates above it.

        Jinja yields a part that is included without context at once, so what comes before it must be out.
        """
        is_outermost = self._is_joined and frame.buffer is None
        if is_outermost:
            self.buffer(frame)
        super().blockvisit(body, frame)
        if is_outermost:
            self.writeline(f"yield concat({frame.buffer})")

    def visit_Getattr(self, node: nodes.Getattr, frame: Scope) -> None:  # noqa: N802 - Jinja's name
        if node.attr.startswith("_") or node.attr in _GUARDED_NAMES:
            super().visit_Getattr(node, frame)
            return
        owner, value = self.temporary_identifier(), self.temporary_identifier()
        self.write(f"({value} if ({value} := getattr(({owner} := ")
        self.visit(node.node, frame)
        self.write(f"), {node.attr!r}, missing)) is not missing")
        self.write(f" else environment.getattr({owner}, {node.attr!r}))")


class _BuildEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox that lives for one build: a template once found is at hand, without a look for changes.

    A model's page asks for a dozen, and Jinja's own store hands each the globals again.
    """

    code_generator_class = _CodeGenerator

    def __init__(self, folders: Sequence[Path], **options: Any) -> None:
        super().__init__(loader=jinja2.FileSystemLoader([str(folder) for folder in folders]), **options)
        self._found: dict[str, jinja2.Template] = {}

    @staticmethod
    def escaped(value: Any) -> str:
        """A value as HTML; of the two hundred on a model's page few need to become another string."""
        kind = type(value)
        is_text = kind is str or issubclass(kind, StrEnum)
        if kind is Markup or (is_text and len(value) < _SHORT and not _has_markup(value)):
            text: str = value
            return text
        if kind is jinja2.Undefined:  # of a condition without `else`; a missing name has a class of its own
            return ""
        return str(value) if kind is int else escape(value)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call an object; of a page's forty calls most need neither a check nor the context."""
        if type(obj) is _RenderOnce and (found := obj.made.get(args)) is not None:
            return found
        function = obj.__func__ if type(obj) is MethodType else obj
        if type(function) is FunctionType and function in _OFTEN_CALLED:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether a template may call this: a macro, a function or method of ours, a method of plain data."""
        owner = getattr(obj, "__self__", obj)
        if isinstance(owner, ModuleType):  # a builtin function, as `open` is
            return False
        is_named = isinstance(owner, (FunctionType, type))
        return _home(owner if is_named else type(owner)).startswith(_SAFE_HOMES)

    def get_template(
        self,
        name: str | jinja2.Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's name
    ) -> jinja2.Template:
        if isinstance(name, jinja2.Template) or globals is not None:
            return super().get_template(name, parent, globals)
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = super().get_template(name, parent)
            found.globals = dict(found.globals)  # each part that is included reads all of a chain of them
        return found


class _CompiledTemplates(jinja2.BytecodeCache):
    """Templates that a build of this user compiled, with this very flipsite.

    Filters of constants are applied when a template is compiled, so the code depends on ours.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        if (cache := current_cache()) and (found := cache.get(_source(bucket))):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if cache := current_cache():
            cache.put(_source(bucket), bucket.bytecode_to_string())


def _source(bucket: Bucket) -> str:
    return f"template {own_digest()} {bucket.key} {bucket.checksum}"


def environment(folders: Sequence[Path]) -> jinja2.Environment:
    """Templates from these folders, the first one that has a file winning; no name may be undefined."""
    made = _BuildEnvironment(
        folders,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        optimized=False,  # few expressions are of constants alone; looking for them is a tenth of compiling
        bytecode_cache=_CompiledTemplates(),
    )
    made.filters.update(
        bias=formats.bias_text,
        flag=flag_text,
        share=formats.share_text,
        signed=formats.signed_text,
        kept=formats.kept_text,
        percent=formats.percent_text,
        p=formats.p_text,
        equal_p=formats.equal_p_text,
        chance=formats.chance_text,
        count=formats.count_text,
        usd=usd_text,
        plural=plural,
        target_text=target_text,
        labels_text=labels_text,
        bytes=formats.bytes_text,
        brief=formats.brief_text,
        drawings=drawings,
        drawn_size=drawn_size,
        breakable=escaping.breakable,
        relinked=lambda svg, link: Markup(relinked(svg, link)),
    )
    made.globals["interval"] = formats.interval_text
    made.globals["term"] = term_html
    made.globals["once"] = _RenderOnce()
    return made


class _RenderOnce:
    """`once(part, *key, **given)` in a template: the part as it was first rendered with that key.

    It sees what its caller sees, and what is given, so the key must tell apart whatever the part depends on;
    the site is the same for all. Frame and neighbours were half of the work on a model's page.
    """

    def __init__(self) -> None:
        self.made: dict[tuple[Hashable, ...], Markup] = {}

    @jinja2.pass_context
    def __call__(self, context: Context, part: str, *key: Hashable, **given: object) -> Markup:
        template = context.environment.get_template(part)
        scope = template.new_context(context.get_all(), shared=True, locals=given)
        found = self.made[part, *key] = Markup("".join(template.root_render_func(scope)))
        return found


def render(templates: jinja2.Environment, name: str, **context: object) -> str:
    """Render a template.

    Raises:
        ContentError: If the template is missing or faulty, with its file and line.
    """
    try:
        return templates.get_template(name).render(**context)
    except jinja2.TemplateNotFound as error:
        raise ContentError(f"{error.name}: no such template; needed by {name}.") from error
    except jinja2.TemplateSyntaxError as error:
        where = error.filename or error.name or name
        raise ContentError(f"{where}, line {error.lineno}: {error.message}.") from error
    except (jinja2.UndefinedError, jinja2.TemplateRuntimeError) as error:
        raise ContentError(
            f"{template_line(error.__traceback__, name)}: {(error.message or '').rstrip('.')}."
        ) from error
    except OSError:
        raise
    except Exception as error:
        if not (arose_in_template(error) or _is_overriding(templates, error)):
            raise
        raise ContentError(f"{template_line(error.__traceback__, name)}: {plain_fault(error)}.") from error


def page_file(templates: jinja2.Environment, page: Page, frame: Frame) -> bytes:
    """A page of the site, rendered; raises as `render` does."""
    return encoded(render(templates, page.template, site=frame, page=page, **page.context))


def arose_in_template(error: Exception) -> bool:
    """Whether a template's own words failed, as `1 / 0` does, and not our code that they called."""
    *_, innermost = traceback.extract_tb(error.__traceback__)
    return not innermost.filename.startswith(str(Path(__file__).parents[2]))


def plain_fault(error: Exception) -> str:
    """Python's message, and its name of the error."""
    return f"{error} ({type(error).__name__})" if str(error) else type(error).__name__


def _is_overriding(templates: jinja2.Environment, error: Exception) -> bool:
    """Whether the template that failed is one of a project's, whose author may see any fault."""
    where, loader = template_line(error.__traceback__, ""), templates.loader
    return isinstance(loader, jinja2.FileSystemLoader) and where.startswith(tuple(loader.searchpath[:-1]))


def template_line(trace: TracebackType | None, name: str) -> str:
    """Where in a template an error arose: `file, line N` of the innermost template frame."""
    known = traceback.extract_tb(trace)
    frames = [each for each in known if not (each.filename.endswith(".py") or each.filename.startswith("<"))]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else name
