"""The errors flipsite raises for faults outside it: bad input, a server's failure, a full disk.

FlipsiteError                 exit 1: the work failed
├── UsageError                exit 2: wrong usage or a bad input file
│   └── SettingsError         study.toml and the project's own files
├── StoreError                a snapshot, a cache or an import that cannot be read or written
├── ContentError              narrative or template that cannot be rendered
├── SchemaError               a table that breaks its promise
├── SiteError                 the site cannot be written, checked or published
├── CollectError              the endpoint, the network or the account
│   └── NoCreditError         exit 3: the account or its key is at its limit
└── BudgetExhaustedError      exit 3: stopped by the budget

Every message is one sentence for each fault: what, where (file, line, key or model), and the remedy.
A bug keeps its own exception and its traceback.
"""


class FlipsiteError(Exception):
    """The base of all errors a user can act on; `exit_status` is the command's."""

    exit_status = 1

    def __str__(self) -> str:
        """The message; of foreign text in it, what moves a cursor or turns text around is spelled out."""
        text = super().__str__()
        return "".join(sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in text)


class UsageError(FlipsiteError):
    """Wrong usage, or an input file that is not what it should be."""

    exit_status = 2


class SettingsError(UsageError):
    """One or more faults in a settings file, a line each."""


class StoreError(FlipsiteError):
    """A stored file that cannot be read or written."""


class ContentError(FlipsiteError):
    """Narrative or a template that cannot be rendered."""


class SchemaError(FlipsiteError):
    """A table that does not keep the promise of `schema`."""


class SiteError(FlipsiteError):
    """A site that cannot be written, checked or published."""


class CollectError(FlipsiteError):
    """The endpoint, the network or the account refused the work."""


class NoCreditError(CollectError):
    """The account has no credit, or its key is at its limit; what was bought is kept."""

    exit_status = 3


class BudgetExhaustedError(FlipsiteError):
    """The budget is spent; what was bought is kept."""

    exit_status = 3
