"""The budget holds whatever happens, as long as bills keep to the announced prices."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flipsite.collect.budget import Account, Refusal, Reservation, Wait
from flipsite.domain.endpoint import ModelLedger
from flipsite.domain.money import NOTHING, Usd, total, usd

MODELS = st.sampled_from(["a/cheap", "b/dear"])
WORST = st.integers(0, 400).map(Usd)


def _up_to(amount: Usd) -> st.SearchStrategy[Usd]:
    return st.integers(0, amount.whole_pico).map(Usd)


class Budgeted(RuleBasedStateMachine):
    """Many requests at once, faults and kills, against a ledger kept beside the account."""

    TOTAL, OWN = Usd(1000), Usd(700)

    def __init__(self) -> None:
        super().__init__()
        self.flying: list[Reservation] = []
        self.unpriced: list[Reservation] = []
        self.billed = dict.fromkeys(("a/cheap", "b/dear"), NOTHING)
        self.account = self.fresh()

    def fresh(self) -> Account:
        return Account(total_usd=self.TOTAL, per_model_usd=self.OWN)

    @rule(model=MODELS, worst=WORST)
    def reserve(self, model: str, worst: Usd) -> None:
        reserved = self.account.reserve(model, worst)
        own, whole = self.owed(model), self.owed()
        if isinstance(reserved, Reservation):
            self.flying.append(reserved)
            assert own + worst <= self.OWN
            assert whole + worst <= self.TOTAL
        elif reserved is Wait.FOR_OTHERS:
            assert self.flying, "nobody may wait for others when there are none"
        else:
            flying = total(each.worst_usd for each in self.flying)
            mine = total(each.worst_usd for each in self.flying if each.model == model)
            assert own - mine + worst > self.OWN or whole - flying + worst > self.TOTAL

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        reserved = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        billed = data.draw(st.none() | _up_to(reserved.worst_usd))
        self.account.settle(reserved, billed)
        if billed is None:
            self.unpriced.append(reserved)
        else:
            self.billed[reserved.model] += billed

    @precondition(lambda self: self.unpriced)
    @rule(data=st.data())
    def tell_a_price(self, data: st.DataObject) -> None:
        reserved = self.unpriced.pop()
        billed = data.draw(_up_to(reserved.worst_usd))
        self.account.price(reserved.model, reserved.worst_usd, billed)
        self.billed[reserved.model] += billed

    @rule()
    def kill_and_resume(self) -> None:
        """A request in flight counts as spent at its worst case, and its price may never come."""
        self.unpriced += self.flying
        self.flying = []
        self.account = self.fresh()
        for model, billed in self.billed.items():
            unpriced = total(each.worst_usd for each in self.unpriced if each.model == model)
            self.account.resume(ModelLedger(model=model, billed_usd=billed, unpriced_usd=unpriced))

    @invariant()
    def never_more_than_the_budget(self) -> None:
        assert self.account.committed_usd() == self.owed() <= self.TOTAL
        for model in self.billed:
            assert self.account.committed_usd(model) == self.owed(model) <= self.OWN

    def owed(self, model: str | None = None) -> Usd:
        waiting = total(each.worst_usd for each in self.flying + self.unpriced if model in {None, each.model})
        return waiting + total(billed for name, billed in self.billed.items() if model in {None, name})


TestBudgeted = Budgeted.TestCase
TestBudgeted.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_cent_of_budget_buys_exactly_what_fits() -> None:
    """Ten requests of a tenth of the budget fit, to the last picodollar; an eleventh does not."""
    account = Account(total_usd=usd(1.0), per_model_usd=None)
    for _ in range(10):
        reserved = account.reserve("a/b", usd(0.1))
        assert isinstance(reserved, Reservation)
        account.settle(reserved, usd(0.1))
    assert account.left_usd() == NOTHING
    refused = account.reserve("a/b", Usd(1))
    assert isinstance(refused, Refusal)
    assert "more than the budget has left ($0)" in refused.reason


def test_a_model_waits_while_others_hold_what_it_needs() -> None:
    """A worst case that would fit once others are settled is told to wait, not refused."""
    account = Account(total_usd=usd(1.0), per_model_usd=None)
    held = account.reserve("a/b", usd(0.9))
    assert isinstance(held, Reservation)
    assert account.reserve("c/d", usd(0.5)) is Wait.FOR_OTHERS
    account.settle(held, usd(0.001))
    assert isinstance(account.reserve("c/d", usd(0.5)), Reservation)


def test_a_model_that_bills_ten_times_its_worst_case_goes_on_one_at_a_time() -> None:
    """From that bill on each of its requests sets aside as much, alone; no other model is affected."""
    account = Account(total_usd=usd(0.35), per_model_usd=None)
    held = account.reserve("dear/liar", usd(0.01))
    assert isinstance(held, Reservation)
    account.settle(held, usd(0.1))
    assert account.overcharges() == {"dear/liar": usd(0.1)}
    canary = account.reserve("dear/liar", usd(0.01))
    assert isinstance(canary, Reservation)
    assert canary.worst_usd == usd(0.1)
    assert account.reserve("dear/liar", usd(0.01)) is Wait.FOR_OTHERS
    assert isinstance(account.reserve("honest/one", usd(0.01)), Reservation)
    account.settle(canary, usd(0.2))
    refused = account.reserve("dear/liar", usd(0.01))
    assert isinstance(refused, Refusal)
    assert "one more request may cost $0.20, more than the budget has left" in refused.reason


def test_what_was_reserved_before_the_overcharge_is_reserved_again() -> None:
    """It was set aside at the announced price, so it does not go out; that of another model does."""
    account = Account(total_usd=usd(100.0), per_model_usd=None)
    first, second, other = (account.reserve(name, usd(0.01)) for name in ("a/b", "a/b", "c/d"))
    assert isinstance(first, Reservation)
    assert isinstance(second, Reservation)
    assert isinstance(other, Reservation)
    account.settle(first, usd(0.9))
    assert account.recheck(second) is Wait.FOR_OTHERS
    assert account.recheck(other) is None


def test_an_overcharge_is_remembered_by_the_next_run() -> None:
    """It sets aside what was billed, unless the announced prices have risen beyond it."""
    account = Account(total_usd=usd(100.0), per_model_usd=None)
    account.resume(ModelLedger(model="dear/liar", n_asked=1, billed_usd=usd(0.1), over_usd=usd(0.1)))
    held = account.reserve("dear/liar", usd(0.01))
    assert isinstance(held, Reservation)
    assert held.worst_usd == usd(0.1)
    account.settle(held, usd(0.01))
    dearer = account.reserve("dear/liar", usd(0.2))
    assert isinstance(dearer, Reservation)
    assert dearer.worst_usd == usd(0.2)


@pytest.mark.parametrize(("own", "total", "whose"), [(1.0, 50.0, "the model's"), (None, 1.0, "the")])
def test_a_canary_says_whether_the_rest_fits(own: float | None, total: float, whose: str) -> None:
    """A first draw of 3 cents says that 49 more cost 1.47 dollars, which a dollar does not pay."""
    account = Account(total_usd=usd(total), per_model_usd=None if own is None else usd(own))
    assert account.afford("a/b", 50) is None, "nothing is known before the first"
    held = account.reserve("a/b", usd(0.5))
    assert isinstance(held, Reservation)
    account.settle(held, usd(0.03))
    assert account.afford("a/b", 30) is None
    refused = account.afford("a/b", 49)
    assert refused is not None
    assert f"about $1.47, more than {whose} budget has left" in refused.reason
