"""Presets and overrides: what is accepted, and how what is not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.presets import known_keys, load_preset, preset_names, quoted, searcher_settings
from bench.records.errors import PresetError
from bench.records.settings import settings_as_dict
from bench.running.problem import Caps, Chosen
from searchers import SEARCHERS
from searchers.finding import find_searcher
from trainers.baselines.building import build_baseline
from trainers.baselines.catalogue import BASELINES
from trainers.models.building import build_model
from trainers.models.description import describe_architecture

SHIPPED = [
    "cpu",
    "gpu",
    "paper",
    "strnas",
    "strnas-cpu",
    "strnas-latency",
    "strnas-lower-rates",
    "tiny",
]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_presets_load_with_every_searcher(name: str) -> None:
    preset = load_preset(name)
    assert preset.description
    for searcher in SEARCHERS:
        searcher_settings(preset, find_searcher(searcher))


@pytest.mark.parametrize("searcher", SEARCHERS)
@pytest.mark.parametrize("name", ["cpu", "tiny"])
def test_the_budget_of_a_preset_is_enough_for_every_searcher(name: str, searcher: str) -> None:
    """A searcher refuses a budget that its own settings do not fit into."""
    preset = load_preset(name)
    Chosen.of(searcher, preset).build(preset, 0, Caps.of(preset.run))


def test_these_presets_ship() -> None:
    assert preset_names() == SHIPPED


def test_the_three_settings_of_the_slides_differ_in_what_they_say() -> None:
    plain, latency, lower = (
        settings_as_dict(load_preset(name))
        for name in ("strnas", "strnas-latency", "strnas-lower-rates")
    )
    for found in (plain, latency, lower):
        del found["description"]
    assert latency["searcher"]["proxyless"].pop("latency_weight") == 0.1
    assert latency == plain
    assert lower["trainer"].pop("learning_rate") == plain["trainer"].pop("learning_rate") / 10
    rates = [found["searcher"]["proxyless"].pop("learning_rate") for found in (plain, lower)]
    assert rates[1] == pytest.approx(rates[0] / 10)
    assert lower == plain


def test_a_file_says_what_is_different_from_its_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "tiny"\n[run]\nbudget_images = 7\n[searcher.autostr]\ncandidates = 2\n')
    found, base = load_preset(str(path)), load_preset("tiny")
    assert found.run.budget_images == 7
    assert found.run.evaluation_images == base.run.evaluation_images
    assert found.searcher["autostr"] == {**base.searcher["autostr"], "candidates": 2}
    assert load_preset(str(path), ["run.budget_images=8"]).run.budget_images == 8
    for text, said in (
        ('base = "tyny"', "unknown base of preset .* 'tyny', did you mean 'tiny'"),
        ("base = 3", "unknown base"),
        (f'base = "{path}"', "unknown base"),
        ('base = "strnas-latency"', "has base strnas-latency, which has one itself"),
        ("base = 'tiny'\nrun = 3", "."),
    ):
        path.write_text(text)
        with pytest.raises(PresetError, match=said):
            load_preset(str(path))


@pytest.mark.parametrize("name", ["strnas", "strnas-latency", "strnas-lower-rates"])
def test_the_presets_of_the_slides_build_the_recogniser_of_the_baselines(name: str) -> None:
    preset = load_preset(name)
    assert preset.recogniser == BASELINES["trba"].recogniser
    assert preset.recogniser.input_size == (32, 100)
    space = preset.space.load()
    text = BASELINES["3x3-ex3"].architecture
    assert text is not None
    description = describe_architecture(
        space, space.parse(text), preset.data, preset.recogniser, preset.supernet
    )
    model = build_model(description, seed=0)
    count = {
        stage: sum(p.numel() for p in part.parameters()) for stage, part in model.named_children()
    }
    assert sum(count.values()) - count["backbone"] == 5_291_278
    assert model.head.classify.out_features == 38  # type: ignore[union-attr]
    fixed = build_baseline("3x3-ex3")
    for stage in ("rectifier", "sequence_encoder", "head"):
        ours, theirs = getattr(model, stage), getattr(fixed, stage)
        assert str(ours) == str(theirs)
    # The slides' counts ask for a batch norm that the cells of the space do not have.
    assert sum(p.numel() for p in fixed.backbone.parameters()) == count["backbone"] + 1024


def test_the_paper_preset_has_the_papers_settings() -> None:
    """AutoSTR, section 4.2; Cai et al. for Adam."""
    preset = load_preset("paper")
    assert preset.supernet.widths == (32, 64, 128, 256, 512)
    assert preset.recogniser.input_size == (64, 256)
    assert (preset.trainer.optimiser, preset.trainer.weight_decay) == ("adadelta", 0.0)
    settings = searcher_settings(preset, find_searcher("proxyless"))
    assert (settings.learning_rate, settings.beta1, settings.beta2) == (1e-3, 0.0, 0.999)
    assert (settings.regulariser_beta, settings.regulariser_macs) == (0.6, 450e6)
    retraining = preset.retraining
    assert (retraining.optimiser, retraining.weight_decay) == ("adadelta", 0.0)
    assert (retraining.epochs, retraining.batch_images) == (12.0, 1024)
    assert (retraining.schedule, retraining.drops) == ("steps", (7 / 12, 10 / 12))
    assert retraining.sequence_encoder == "bilstm"


def test_overrides_take_toml_values_and_plain_words() -> None:
    preset = load_preset(
        "tiny",
        [
            "run.budget_images=123",
            "trainer.learning_rate = 1e-4",
            "recogniser.head=attention",
            "supernet.widths=[1, 2, 3, 4, 5]",
            f"supernet.start={quoted('a file')}",
            "searcher.proxyless.gates=two",
        ],
    )
    assert preset.run.budget_images == 123
    assert preset.trainer.learning_rate == 1e-4
    assert preset.recogniser.head == "attention"
    assert preset.supernet.widths == (1, 2, 3, 4, 5)
    assert preset.supernet.start == "a file"
    assert searcher_settings(preset, find_searcher("proxyless")).gates == "two"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("run.budget_image=5", "did you mean 'run.budget_images'"),
        ("searcher.proxyless.pth=ABABB", "did you mean 'searcher.proxyless.path'"),
        ("searcher.nobody.path=ABABB", "unknown key 'searcher.nobody.path'"),
        ("run=5", "unknown key 'run'"),
        ("run.budget_images", "expected section.key=value"),
        ("=5", "expected section.key=value"),
        ("run.budget_images=many", "run.budget_images: Expected `int`, got `str`"),
        ("run.budget_images=0", "run.budget_images: Expected `int` >= 1"),
        ("recogniser.head=transformer", "recogniser.head: Invalid enum value 'transformer'"),
        ("supernet_recipe.strategy=neutrl", "'neutrl', expected grown or neutral or uniform"),
        ("trainer.learning_rate=nan", "trainer.learning_rate"),
    ],
)
def test_bad_overrides_are_refused_in_one_line(override: str, message: str) -> None:
    with pytest.raises(PresetError) as caught:
        load_preset("tiny", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_hyperparameters_name_the_searcher() -> None:
    preset = load_preset("tiny", ["searcher.proxyless.warmup_share=1.5"])
    with pytest.raises(PresetError, match=r"searcher proxyless: .*warmup_share 1.5"):
        searcher_settings(preset, find_searcher("proxyless"))


def test_texts_that_look_like_numbers_need_no_quotes() -> None:
    assert load_preset("tiny", ["data.charset=94"]).data.charset == "94"
    assert load_preset("tiny", ['data.charset="94"']).data.charset == "94"
    assert load_preset("tiny", ["run.latency_table=7"]).run.latency_table == "7"
    with pytest.raises(PresetError, match=r"run\.budget_images"):
        load_preset("tiny", ["run.budget_images='7'"])


def test_a_preset_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "mine"\n[run]\nbudget_images = 7\n')
    assert load_preset(str(path)).run.budget_images == 7
    path.write_text('description = "mine"\n[run]\nbudget_image = 7\n')
    with pytest.raises(PresetError, match=r"did you mean 'run.budget_images'"):
        load_preset(str(path))
    path.write_text("description = \n")
    with pytest.raises(PresetError, match="is not TOML"):
        load_preset(str(path))
    with pytest.raises(PresetError, match="No such file"):
        load_preset(str(tmp_path / "none.toml"))
    with pytest.raises(PresetError, match="unknown preset 'tony', did you mean 'tiny'"):
        load_preset("tony")


def test_known_keys_cover_every_section() -> None:
    sections = {key.partition(".")[0] for key in known_keys()}
    assert sections == {
        "description", "run", "space", "data", "recogniser", "supernet", "trainer", "landscape",
        "supernet_recipe", "retraining", "searcher",
    }  # fmt: skip


def test_a_file_may_hold_settings_of_plug_ins_that_do_not_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "mine"\n[searcher."my.module:Mine"]\nanything = 1\n')
    assert load_preset(str(path)).searcher["my.module:Mine"] == {"anything": 1}
    load_preset(str(path), searcher=find_searcher("random"))


def test_a_section_of_a_searcher_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "mine"\n[searcher.randon]\ntraining_share = 0.1\n')
    with pytest.raises(PresetError, match=r"did you mean 'searcher\.random\.training_share'"):
        load_preset(str(path))


def test_a_key_of_a_plug_in_is_split_at_its_last_dot() -> None:
    """A module may have dots, and one that does not run may not be set from the command line."""
    with pytest.raises(PresetError, match=r"unknown key 'searcher\.my\.module:Mine\.cooling'"):
        load_preset("tiny", ["searcher.my.module:Mine.cooling=0.5"])


def test_members_of_a_family_have_sections_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('description = "mine"\n[searcher."optuna:nsgaii"]\ntraining_share = 0.25\n')
    found = find_searcher("optuna:nsgaii")
    preset = load_preset(str(path), searcher=found)
    assert searcher_settings(preset, found).training_share == 0.25
    with pytest.raises(PresetError, match=r"mean 'searcher\.optuna:nsgaii\.training_share'"):
        load_preset(str(path), ["searcher.optuna:nsgaii.training_shar=0.5"], found)
