from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipsite.domain.features import FEATURES, SOURCES
from flipsite.domain.study import Feature
from flipsite.errors import SettingsError
from flipsite.store.features import features_csv, read_features, write_features

SHIPPED = Path(__file__).parents[2] / "content" / "studies" / "article-2025" / "features.csv"
HEADER = "model,feature,value,source,confidence,note\n"


def kept(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "features.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_articles_features_are_written_as_they_stand() -> None:
    """Reading and writing the shipped file changes no byte of it."""
    assert features_csv(read_features(SHIPPED)) == SHIPPED.read_bytes()


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    path = kept(
        tmp_path,
        HEADER
        + "a/b,reasoning,maybe,name,1,\n"
        + 'a/b,tuning,coding,classifier,0.7,"two\nlines"\n'
        + "a/b,tuning,coding,name,1,\n"
        + "a/b,size,7,name,1,\n"
        + "a/b,parameters_total_b,-7,name,1,\n"
        + "a/b,released,2025-13,name,1,\n"
        + "a/b,open_weights,yes,,1,\n"
        + "a/b,context_length,,catalogue,,\n"
        + "a/b,price_completion,0,hearsay,nan,\n"
        + ",architecture,moe,name,1,\n"
        + "a/b,architecture\n",
    )
    with pytest.raises(SettingsError) as caught:
        read_features(path)
    told = [line.removeprefix(f"{path}, ") for line in str(caught.value).splitlines()]
    assert told == [
        "line 2: reasoning 'maybe': expected one of yes, no, or nothing where it is unknown.",
        "line 5: tuning of a/b is here twice; leave one.",
        f"line 6: no feature 'size'; there are {', '.join(FEATURES)}.",
        "line 7: parameters_total_b '-7': expected a positive number, or nothing where it is unknown.",
        "line 8: released '2025-13': expected a date such as 2025-09-08, 2025-09 or 2025, "
        "or nothing where it is unknown.",
        "line 9: open_weights has a value and no source; a person’s is `curated`.",
        "line 10: context_length has a source and no value; give it a value, or leave out the source.",
        "line 11: no source 'hearsay'; there are curated, article, catalogue, name, classifier.",
        "line 11: confidence 'nan': expected 0 to 1, or nothing.",
        "line 12: the model is missing.",
        "line 13: expected 6 cells, found 2.",
    ]


def test_other_columns_are_no_features(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 1: expected the columns model,feature,value"):
        read_features(kept(tmp_path, "model,value\n"))


def test_a_file_that_is_no_csv_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 2: it is no CSV"):
        read_features(kept(tmp_path, HEADER + 'a/b,tuning,"coding\n'))
    path = tmp_path / "features.csv"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="it is no UTF-8 text"):
        read_features(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_features(tmp_path / "none.csv")


def test_a_note_is_no_formula(tmp_path: Path) -> None:
    """A spreadsheet sees text; we see what was written."""
    row = Feature(
        model="-x/y", feature="tuning", value="coding", source="classifier", confidence=0.5, note="=1+1"
    )
    path = tmp_path / "features.csv"
    write_features(path, [row])
    assert path.read_text() == HEADER + "'-x/y,tuning,coding,classifier,0.5,'=1+1\n"
    assert read_features(path) == (row,)


NOTES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@given(
    st.lists(
        st.builds(
            Feature,
            model=st.sampled_from(["a/b", "~c/d", "e"]),
            feature=st.sampled_from(["modality", "tokenizer", "base_family"]),
            value=NOTES.filter(bool),
            source=st.sampled_from(SOURCES),
            confidence=st.sampled_from([None, 0.0, 0.25, 1.0]),
            note=NOTES,
        ),
        unique_by=lambda row: (row.model, row.feature),
    )
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[Feature]) -> None:
    path = tmp_path_factory.mktemp("features") / "features.csv"
    write_features(path, rows)
    assert read_features(path) == tuple(sorted(rows, key=lambda row: (row.model, row.feature)))
