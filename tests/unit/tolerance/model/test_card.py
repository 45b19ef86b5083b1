from tolerance.model.card import ITEMS, NOT_YET, model_card


def test_every_item_of_tripod_ai_is_there_with_the_numbers_of_the_metrics(priors):
    fit = {"rhat_max": 1.0049, "ess_min": 512.0, "divergences": 0, "ebfmi_min": 0.7, "passed": 1,
           "n_runners": 61, "n_sessions": 5123, "n_pain_reports": 9, "n_injuries": 7}  # fmt: skip
    checks = {
        "recovery": {"dense": {"corr": 0.973, "coverage90": 0.91, "n_cohorts": 20}},
        "calibration_slope": {"value": 0.84, "low": 0.7, "high": 0.99},
    }
    card = model_card(fit, checks, priors)
    for item in ITEMS:
        assert f"## {item}\n" in card
    for number in (
        "1.005",
        "512",
        "5123",
        "0.97",
        "0.91",
        "0.84 (0.70 to 0.99)",
        "gate passed: yes",
    ):
        assert number in card


def test_what_was_not_run_is_said_to_be_so(priors):
    card = model_card({}, {}, priors)
    assert card.count(NOT_YET) > 10
    assert "gate passed: not run yet" in card


def test_a_failed_gate_is_not_hidden(priors):
    assert "gate passed: no." in model_card({"passed": 0}, {}, priors)


def test_excluded_use_and_every_prior_s_source_are_named(priors):
    card = model_card({}, {}, priors)
    assert "Excluded use" in card
    assert "pubmed 33356768" in card
    assert "| fatigue_days, bone | median 14, log-SD 0.5 |" in card
