"""Frozen, validated settings: one section of ``params.yaml`` per pipeline stage.

A section is a class here and a mapping of the same name there. Nothing has a default: what a run
used is written down in ``params.yaml`` or the run does not start. Facts of nature and published
coefficients are not settings; they live in ``loadcore.constants``. Whoever needs a section in
another form (the load core's dataclasses, say) converts it where that form lives, so that a stage
depends on no code that it does not run.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AnalyseRecordings",
    "CheckPredictions",
    "CohortHabits",
    "Dose",
    "FitTolerance",
    "Fixed",
    "FollowUp",
    "Injury",
    "Ledger",
    "LogNormal",
    "Normal",
    "Params",
    "PerTissuePrior",
    "Prior",
    "Rules",
    "RunnerReport",
    "ScreeningReport",
    "Section",
    "SimulateCohort",
    "SimulateRecordings",
    "SimulateTrial",
    "SimulatedPopulation",
    "TissueExponents",
    "TolerancePriors",
    "TruncatedNormal",
    "ValidateLoad",
    "stage_generator",
]

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
PerTissue = tuple[float, float, float]


class Section(BaseModel):
    """Base of every section: frozen, exact types, no unknown key, no missing key, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class SimulateRecordings(Section):
    """Size and spread of the simulated data set; ``SimulationSettings`` explains each key."""

    n_runners: Count
    sessions_per_runner: Count
    speeds_mps: tuple[Positive, ...]
    grades_deg: tuple[float, ...]
    running_bouts: Count
    running_bout_s: Positive
    walking_bout_s: Positive
    standing_s: Positive
    step_time_cv: NotNegative
    contact_time_cv: NotNegative
    impact_cv: NotNegative
    force_sine_fraction: Annotated[float, Field(ge=0, le=1)]
    mount_rotation_max_deg: NotNegative
    mount_offset_max_m: NotNegative
    acc_bias_max_mps2: NotNegative
    acc_scale_max: NotNegative
    gyr_bias_max_radps: NotNegative
    clock_drift_max_ppm: NotNegative
    clock_offset_max_s: NotNegative
    packet_loss_max: NotNegative
    packet_burst_samples: Count
    damage_exponents: PerTissue
    force_rate_hz: Positive


class Step(Section):
    """What a running step can be; ``loadcore.steps.StepLimits`` explains each key."""

    min_step_time_s: Positive
    max_step_time_s: Positive
    min_contact_time_s: Positive
    max_contact_time_s: Positive
    max_duty_factor: Fraction
    missed_contact_ratio: Positive
    min_confidence: NotNegative


class Force(Section):
    """Shape of the stance force and its errors; ``loadcore.force.ForceSettings`` explains."""

    shape_factor: Positive
    shape_step_sd_fraction: NotNegative
    shape_shared_sd_fraction: NotNegative
    slope_step_sd_fraction: NotNegative
    slope_shared_sd_fraction: NotNegative
    level_grade_limit_pct: NotNegative
    timing_shared_variance_fraction: Annotated[float, Field(ge=0, le=1)]
    timing_shape_correlation: Annotated[float, Field(ge=-1, le=1)]


class Tissue(Section):
    """Tissue models; three numbers are tibia, Achilles, patellofemoral.

    ``loadcore.tissue.TissueSettings`` explains each key; what is not here keeps its published
    value there.
    """

    achilles_lever_m: Positive
    patellofemoral_reference_bw: Positive
    reference_speed_mps: Positive
    speed_exponent: PerTissue
    cadence_log_slope_per_pct: PerTissue
    uphill_log_slope_per_pct: PerTissue
    downhill_log_slope_per_pct: PerTissue
    grade_dead_zone_pct: NotNegative
    model_step_sd_fraction: PerTissue
    model_session_sd_fraction: PerTissue


class Exposure(Section):
    """Unit of load and how sessions are summed; ``ExposureSettings`` explains each key."""

    reference_minutes: Positive
    fatigue_exponents: PerTissue
    easy_speed_band_frac: Fraction
    min_reference_steps: Count
    reference_error_correlation: Annotated[float, Field(ge=0, le=1)]
    own_reference_error_correlation: Annotated[float, Field(ge=0, le=1)]
    side_error_correlation: Annotated[float, Field(ge=0, le=1)]
    min_coverage_frac: Fraction
    unobserved_sd_fraction: NotNegative


class AnalyseRecordings(Section):
    """From recordings to steps, tissue loads and sessions."""

    step: Step
    force: Force
    tissue: Tissue
    exposure: Exposure


class ValidateLoad(Section):
    """How results are held against references.

    Attributes
    ----------
    contact_tolerance_s : float
        A found initial contact further than this from the true one is a miss and a false step.
    stride_tolerance_frac : float
        The same for the begin of a foot's stride, as a part of its duration.
    """

    contact_tolerance_s: Positive
    stride_tolerance_frac: Positive


class ScreeningReport(Section):
    """What the screening page shows.

    Attributes
    ----------
    speed_bin_mps : float
        Width of the bins of speed.
    min_steps_per_bin : int
        Fewer steps than this are no point on a curve.
    """

    speed_bin_mps: Positive
    min_steps_per_bin: Count


class Normal(Section):
    """Prior: normal."""

    distribution: Literal["normal"]
    mean: float
    sd: Positive
    source: str


class LogNormal(Section):
    """Prior: lognormal, by its median and the SD of its logarithm."""

    distribution: Literal["lognormal"]
    median: Positive
    log_sd: Positive
    source: str


class TruncatedNormal(Section):
    """Prior: normal between two bounds; a half-normal has mean 0 and lower bound 0."""

    distribution: Literal["truncated_normal"]
    mean: float
    sd: Positive
    lower: float
    upper: float
    source: str


class Fixed(Section):
    """A number that the data are not asked about."""

    distribution: Literal["fixed"]
    value: float
    source: str


Prior = Annotated[Normal | LogNormal | TruncatedNormal | Fixed, Field(discriminator="distribution")]
"""One prior with its source: a place where it was read, or ``[U]`` for a judgement."""


class PerTissuePrior(Section):
    """One prior per model tissue."""

    bone: Prior
    tendon: Prior
    cartilage: Prior
    muscle: Prior
    fascia: Prior


class TolerancePriors(Section):
    """Priors of the capacity model; ``tolerance.model.population`` explains each quantity.

    Attributes
    ----------
    chronic_offset_rr, chronic_reference_rr : Fixed
        a and A_ref of the chronic term, reference runs a day.
    fatigue_days, adaptation_days, healing_days : PerTissuePrior
        Time constants.
    chronic_exponent : Prior
        gamma.
    tolerance_mean, tissue_spread : Prior, Fixed
        Log tolerance of all runners and tissues, and SD of the tissues about it.
    runner_sd, unit_sd : Prior
        SD of log tolerance between runners, and between the units of one runner.
    deficit_log_mean, deficit_log_sd : Prior, Fixed
        Capacity that an injury costs, on the log scale, lognormal between injuries.
    pain_slope, cut_gap, cut_gap_tissue_log_sd : Prior, Prior, Fixed
        Ordered logit of pain: slope, gaps between cut-points, how far tissues differ in their logs.
    settle_level, settle_slope : Prior
        Logit of settling within a day.
    hazard_level, hazard_tissue_offset, hazard_slope : Prior, PerTissuePrior, Prior
        Log hazard of an injury of one unit in one session.
    frailty_sd, recent_injury_log_hr : Prior
        SD of a runner's log hazard; log hazard ratio of a unit just injured.
    """

    chronic_offset_rr: Fixed
    chronic_reference_rr: Fixed
    fatigue_days: PerTissuePrior
    adaptation_days: PerTissuePrior
    healing_days: PerTissuePrior
    chronic_exponent: TruncatedNormal
    tolerance_mean: Normal
    tissue_spread: Fixed
    runner_sd: LogNormal
    unit_sd: LogNormal
    deficit_log_mean: Normal
    deficit_log_sd: Fixed
    pain_slope: LogNormal
    cut_gap: LogNormal
    cut_gap_tissue_log_sd: Fixed
    settle_level: Normal
    settle_slope: LogNormal
    hazard_level: Normal
    hazard_tissue_offset: PerTissuePrior
    hazard_slope: LogNormal
    frailty_sd: TruncatedNormal
    recent_injury_log_hr: Normal


type Engine = Literal["by_hand", "automatic"]
"""Where the capacity model's gradient comes from."""


class FitTolerance(Section):
    """How the capacity model is sampled, and the gate that a fit must pass.

    Attributes
    ----------
    engine : str
        ``by_hand`` for compiled loops with the gradient derived by hand; ``automatic`` for that of
        the PyMC model, for who changes the model there.
    chains, tune, draws : int
        Chains; steps thrown away and kept, of each.
    target_accept : float
        Acceptance that the step size is tuned to.
    chronic_start_rr : float
        Damage a day before a simulated runner's first day, in reference runs.
    rhat_max, ess_min, divergences_max, ebfmi_min : float
        Limits; effective size is the smaller of bulk and tail.
    """

    engine: Engine
    chains: Annotated[int, Field(ge=2)]
    tune: Count
    draws: Count
    target_accept: Fraction
    chronic_start_rr: NotNegative
    rhat_max: Positive
    ess_min: Positive
    divergences_max: Annotated[int, Field(ge=0)]
    ebfmi_min: Positive


class TissueExponents(Section):
    """Exponent of damage per model tissue; ``anatomy.MODEL_TISSUES`` explains the words."""

    bone: Positive
    tendon: Positive
    cartilage: Positive
    muscle: Positive
    fascia: Positive


class Injury(Section):
    """One injury that the workspace knows.

    Attributes
    ----------
    words : str
        What it is called on a page.
    site, tissue, proxy : str
        Where it is, of which tissue, and the structure whose load stands for it
        (``anatomy.LOAD_PROXIES``).
    bone_risk : str
        ``none`` where bone stress is not the question; ``low`` or ``high`` by site (R54, A03).
    floor_weeks : float
        Minimum time besides all criteria (A06); 0 for none.
    recovery_weeks, recovery_log_sd : float
        Published time to recovery: median, and standard deviation of its logarithm.
    source : str
        Where these numbers come from; ``[U]`` for a judgement.
    """

    words: str
    site: Literal[
        "foot", "ankle", "achilles", "shin", "calf", "knee", "thigh", "hamstring", "hip", "groin",
        "pelvis", "back",
    ]  # fmt: skip
    tissue: Literal["bone", "tendon", "cartilage", "muscle", "fascia"]
    proxy: Literal["tibia", "achilles", "patellofemoral", "running"]
    bone_risk: Literal["none", "low", "high"]
    floor_weeks: NotNegative
    recovery_weeks: Positive
    recovery_log_sd: Positive
    source: str


class Kind(Section):
    """How fast a kind of run is, for runs that nobody measured.

    Attributes
    ----------
    fast_frac : float
        Share of the minutes that is fast.
    fast_ratio : float
        Its speed over the runner's easy speed.
    grade_pct : float
        Slope of the fast part, where the diary names none.
    """

    fast_frac: Annotated[float, Field(ge=0, le=1)]
    fast_ratio: Positive
    grade_pct: float


class PerProxy(Section):
    """One number per load proxy; ``anatomy.LOAD_PROXIES`` explains the words."""

    tibia: NotNegative
    achilles: NotNegative
    patellofemoral: NotNegative
    running: NotNegative


class Context(Section):
    """What a surface, slope or shoe does to the force at one site (R31, R46, R48).

    Attributes
    ----------
    sites : tuple of str
        Body sites concerned.
    log_force : float
        Shift of the logarithm of force; 0 where sources conflict.
    log_force_sd : float
        What is not known about it.
    """

    sites: tuple[str, ...]
    log_force: float
    log_force_sd: NotNegative


class SimulatedPopulation(Section):
    """Truth of the simulated runners; ``simulate.world_truth`` explains each quantity.

    Attributes
    ----------
    fatigue_days, adaptation_days, healing_days, tolerance_by_tissue, hazard_by_tissue
        By model tissue.
    cut_gaps : tuple of float
        Nine gaps between the ten cut-points of pain.
    injury_share : dict of str to float
        How often each tissue is the one injured before.
    both_sides_frac : float
        Share of runners injured on both sides.
    days_since_injury_median, days_since_injury_log_sd, days_since_injury_range
        Days from the injury to the first day.
    chronic_start_median_rr, chronic_start_log_sd : float
        Load before the first day, reference runs a day.
    """

    fatigue_days: dict[str, Positive]
    adaptation_days: dict[str, Positive]
    healing_days: dict[str, Positive]
    chronic_exponent: NotNegative
    chronic_offset_rr: Positive
    chronic_reference_rr: Positive
    tolerance_mean: float
    tolerance_by_tissue: dict[str, float]
    runner_sd: NotNegative
    unit_sd: NotNegative
    deficit_log_mean: float
    deficit_log_sd: NotNegative
    pain_slope: Positive
    cut_gaps: Annotated[tuple[Positive, ...], Field(min_length=9, max_length=9)]
    settle_level: float
    settle_slope: Positive
    hazard_level: float
    hazard_by_tissue: dict[str, float]
    hazard_slope: Positive
    frailty_sd: NotNegative
    recent_injury_log_hr: float
    injury_share: dict[str, Positive]
    both_sides_frac: Annotated[float, Field(ge=0, le=1)]
    days_since_injury_median: Positive
    days_since_injury_log_sd: NotNegative
    days_since_injury_range: tuple[Positive, Positive]
    chronic_start_median_rr: Positive
    chronic_start_log_sd: NotNegative


class CheckPredictions(Section):
    """Size of the comparison of forecasts; ``evaluate.world_check`` explains each quantity.

    Attributes
    ----------
    worlds : tuple of str
        Names of ``simulate.worlds``, or ``damage_pool``.
    n_train, n_test, n_replicates, n_population_draws : int
    origin_weeks : tuple of int
    checks_n_train, checks_n_test, checks_origin_weeks
        The same in ``make checks``, which runs every world.
    """

    worlds: Annotated[tuple[str, ...], Field(min_length=1)]
    n_train: Count
    n_test: Count
    origin_weeks: Annotated[tuple[Count, ...], Field(min_length=1)]
    n_replicates: Count
    n_population_draws: Count
    checks_n_train: Count
    checks_n_test: Count
    checks_origin_weeks: Annotated[tuple[Count, ...], Field(min_length=1)]


class CohortHabits(Section):
    """How simulated runners come back; pairs are usual care, controlled progression.

    Attributes
    ----------
    controlled_frac : float
        Share of controlled progressions.
    usual_minutes_median, usual_minutes_log_sd : float
        Minutes a week before the injury, to which they grow back.
    runs_share : tuple of float
        Weights of three, four and five runs a week.
    start_frac, weekly_growth, spike_frac : pair of float
        First week over the usual one, growth a week, chance that a run is a spike.
    spike_ratio, least_minutes, session_log_sd, missed_frac : float
        Length of a spike over that planned, shortest run, spread of lengths, share of days missed.
    strength_stops_weeks : pair of float
        Mean weeks until strength work stops.
    pace_force_log_sd, unit_force_log_sd : float
        Force of a session about easy running: common to the units, and of each.
    rung_share, force_log_sd : dict of str to float
        Rungs of the ladder: how common, and error of log force in a session.
    layoff_weeks_median, layoff_weeks_log_sd, layoff_weeks_range
        Weeks without running after an injury.
    report_index_frac, report_other_frac, unsettled_unknown_frac : float
        Sessions with a pain report of injured and other units, and reports without settling.
    missing_load_frac, missing_day_frac : float
        Sessions whose load is lost, days off that nobody wrote down.
    """

    controlled_frac: Annotated[float, Field(ge=0, le=1)]
    usual_minutes_median: Positive
    usual_minutes_log_sd: NotNegative
    runs_share: tuple[Positive, Positive, Positive]
    start_frac: tuple[Positive, Positive]
    weekly_growth: tuple[NotNegative, NotNegative]
    spike_frac: tuple[NotNegative, NotNegative]
    spike_ratio: Positive
    least_minutes: Positive
    session_log_sd: NotNegative
    missed_frac: Annotated[float, Field(ge=0, lt=1)]
    strength_stops_weeks: tuple[Positive, Positive]
    pace_force_log_sd: NotNegative
    unit_force_log_sd: NotNegative
    rung_share: dict[str, Positive]
    force_log_sd: dict[str, NotNegative]
    layoff_weeks_median: Positive
    layoff_weeks_log_sd: NotNegative
    layoff_weeks_range: tuple[Positive, Positive]
    report_index_frac: Annotated[float, Field(gt=0, le=1)]
    report_other_frac: Annotated[float, Field(ge=0, le=1)]
    unsettled_unknown_frac: Annotated[float, Field(ge=0, lt=1)]
    missing_load_frac: Annotated[float, Field(ge=0, lt=1)]
    missing_day_frac: Annotated[float, Field(ge=0, lt=1)]


class SimulateCohort(Section):
    """A cohort of simulated runners after injury; ``simulate.cohort`` explains each quantity.

    Attributes
    ----------
    n_runners, n_weeks : int
        Size.
    world : str
        One of ``simulate.worlds.WORLDS`` or ``damage_pool``.
    habits : CohortHabits
        What they do and say.
    population : SimulatedPopulation
        What is true of them.
    """

    n_runners: Count
    n_weeks: Count
    world: str
    habits: CohortHabits
    population: SimulatedPopulation


class Ledger(Section):
    """What a session costs each unit where nobody measured it. Judgements, all ``[U]``.

    Attributes
    ----------
    easy_speed_mps, easy_speed_log_sd, cadence_spm : float
        Of a runner who does not state them.
    minutes_log_sd, speed_log_sd, extrapolated_log_sd : float
        Error of minutes, of a speed that nobody wrote down, and of the force at speeds outside
        the load-speed model.
    side_log_sd : float
        Force of one leg against the mean leg, where a sensor sees both together.
    kinds : dict of str to Kind
        By ``SessionEntry.kind``.
    walking_cadence_spm, walking_log_sd : float
        Steps of both feet a minute, and error of a walking step's relative force.
    walking_relative_force : PerProxy
        Peak of a walking step over that of an easy running step.
    repetition_relative_force : dict of str to float
        Peak of a repetition over that of an easy running step: rehab, strength, jumps.
    repetition_log_sd : float
        Error of it.
    repetitions_per_session, repetitions_log_sd
        Repetitions of a session that does not count them (rehab 250: R05), and their error.
    repetition_as_step_weight : float
        Prior weight of R04 (a repetition loads like a step) against the damage exponent.
    untargeted_share : float
        Relative force at sites that an exercise does not aim at.
    exercise_sites : dict of str to tuple of str
        Word in an exercise's name → sites that it loads.
    sport_running_frac : float
        Share of field or court time that is running.
    cross_training_rr, cross_training_log_sd : float
        Half an hour of cycling or swimming (R20): next to nothing, not nothing.
    typical_weeks, typical_log_sd
        Weeks before the first entry that a runner's usual week stands for, and its error.
    unlogged_session_frac, unlogged_log_sd : float
        Chance that a day without an entry had a session, and the error of its load.
    contexts : dict of str to tuple of Context
        By word in surface or shoe, or by ``downhill``, ``uphill``.
    downhill_m_per_km : float
        Descent from which a run counts as downhill.
    uphill_pct : float
        Slope from which it counts as uphill.
    """

    easy_speed_mps: Positive
    easy_speed_log_sd: NotNegative
    cadence_spm: Positive
    minutes_log_sd: NotNegative
    speed_log_sd: NotNegative
    extrapolated_log_sd: NotNegative
    side_log_sd: NotNegative
    kinds: dict[str, Kind]
    walking_cadence_spm: Positive
    walking_log_sd: NotNegative
    walking_relative_force: PerProxy
    repetition_relative_force: dict[str, Positive]
    repetition_log_sd: NotNegative
    repetitions_per_session: dict[str, Positive]
    repetitions_log_sd: NotNegative
    repetition_as_step_weight: Annotated[float, Field(ge=0, le=1)]
    untargeted_share: Fraction
    exercise_sites: dict[str, tuple[str, ...]]
    sport_running_frac: Fraction
    cross_training_rr: NotNegative
    cross_training_log_sd: NotNegative
    typical_weeks: Count
    typical_log_sd: NotNegative
    unlogged_session_frac: Annotated[float, Field(ge=0, le=1)]
    unlogged_log_sd: NotNegative
    contexts: dict[str, tuple[Context, ...]]
    downhill_m_per_km: Positive
    uphill_pct: Positive


class RuleGates(Section):
    """What the tests of the gates must show.

    Attributes
    ----------
    start_calf_raises : int
        Single-leg calf raises before the first run-walk, where calf, Achilles, foot or shin was
        injured.
    start_bridges : int
        Single-leg bridges before the first run-walk, where the hamstring was injured.
    start_stand_s : float
        Single-leg stand before the first run-walk, where hip or ankle was injured.
    start_walk_minutes : float
        Brisk walk within the pain limit before the first run-walk.
    start_quadriceps_lsi_pct : float
        Symmetry of the quadriceps before the first run-walk after ACL reconstruction (R74).
    hops : int
        Single-leg hops without pain for stage 3 (R24).
    continuous_run_minutes : float
        Easy run without a walk for stage 3.
    long_run_minutes : float
        Medium-long run for stage 4 (R51).
    cadence_drift_pct, contact_drift_pct : float
        Greatest drift from fresh to tired for stage 4 (R24, R71).
    strength_lsi_pct : float
        Symmetry of strength for stage 4 after surgery (R51).
    calf_raises : int
        Single-leg calf raises, 2 s up and 2 s down, for hills and speed (R56).
    calf_hold_s, calf_hold_full_s : float
        Isometric calf hold for hills and speed: passed, and full (R57).
    hop_gap_amber_pct, hop_gap_red_pct : float
        Gap between the sides' forward hops: attention, and no speed (R59).
    """

    start_calf_raises: Count
    start_bridges: Count
    start_stand_s: Positive
    start_walk_minutes: Positive
    start_quadriceps_lsi_pct: Positive
    hops: Count
    continuous_run_minutes: Positive
    long_run_minutes: Positive
    cadence_drift_pct: Positive
    contact_drift_pct: Positive
    strength_lsi_pct: Positive
    calf_raises: Count
    calf_hold_s: Positive
    calf_hold_full_s: Positive
    hop_gap_amber_pct: Positive
    hop_gap_red_pct: Positive


class RulePain(Section):
    """Pain of 10 that a tissue may show in a run (R38, A14), and what is too much for all.

    Attributes
    ----------
    bone, tendon, cartilage, muscle, fascia : float
        Limit of each model tissue.
    override_max : float
        Highest limit that a clinician may set for anything but bone.
    """

    bone: NotNegative
    tendon: NotNegative
    cartilage: NotNegative
    muscle: NotNegative
    fascia: NotNegative
    override_max: NotNegative


class Rules(Section):
    """Switches and numbers of the rule book; ``tolerance.rules.registry`` has the rules.

    Attributes
    ----------
    progression_order : str
        ``s4``: volume, frequency, intensity (R78). ``s1``: volume, intensity, frequency (R18).
    intensity_lock : str
        ``soft``: a clinician may lift it. ``hard``: nobody may. ``off`` (R77).
    intensity_lock_weeks : float
        Weeks since the first run of the episode.
    start_level : str
        ``assessed`` (R70) or ``very_low`` (R76).
    consecutive_days : str
        Running on two days in a row: ``never``, or from the ``last_stage`` on.
    cadence_cue : str
        ``below_165`` (R60) or ``always`` (R45).
    weekly_growth_frac, weekly_growth_hold_frac : float
        More growth than this in a week is pointed out; holds the load (R37).
    pain : RulePain
    gates : RuleGates
    runs_per_week : tuple of int
        Most running days a week in stages 1 to 4 (R16).
    reduction_factors : tuple of float
        Least and most load after a bad response, as a factor (R35).
    reduced_sessions : int
        Sessions at that load (R39).
    new_shoe_days : int
        Days without a raise of load after a new shoe (R47).
    shoe_life_km : tuple of float
        Where a shoe is looked at, and where it is retired (R61).
    heavy_calf_days : int
        Days from heavy calf work to hills or speed (R40).
    steep_descent_m : float
        Descent in one run that counts as a spike (R37).
    spike_frac : float
        A session longer than this times the longest of 30 days is a spike.
    spike_from_minutes : float
        Shorter sessions are none; also the least week whose growth may hold the load.
    lighter_week_every : int
        A lighter week after so many weeks of growth; 0 for never (R27).
    recent_days : int
        Symptoms and daily pain of so many days count as present.
    screen_valid_days : int
        A red-flag answer older than this has to be asked again (A01).
    test_valid_days : int
        A test older than this is missing.
    repeated_failures : int
        From so many failed returns on, the first two weeks of running are level (R72).
    """

    progression_order: Literal["s1", "s4"]
    intensity_lock: Literal["soft", "hard", "off"]
    intensity_lock_weeks: NotNegative
    start_level: Literal["assessed", "very_low"]
    consecutive_days: Literal["never", "last_stage"]
    cadence_cue: Literal["below_165", "always"]
    weekly_growth_frac: Positive
    weekly_growth_hold_frac: Positive
    pain: RulePain
    gates: RuleGates
    runs_per_week: tuple[int, int, int, int]
    reduction_factors: tuple[Fraction, Fraction]
    reduced_sessions: Count
    new_shoe_days: Count
    shoe_life_km: tuple[Positive, Positive]
    heavy_calf_days: Count
    steep_descent_m: Positive
    spike_frac: Positive
    spike_from_minutes: Positive
    lighter_week_every: Annotated[int, Field(ge=0)]
    recent_days: Count
    screen_valid_days: Count
    test_valid_days: Count
    repeated_failures: Count


class Dose(Section):
    """How the next week is chosen; a clinician may set the limits per runner (``record.Limits``).

    Attributes
    ----------
    multipliers : tuple of float
        Of the week that stands (science table D1).
    first_session_minutes : tuple of float
        Running in each session of a first week; R76 begins at 10.
    first_sessions : int
        Runs in a first week (R16: 2 to 3).
    min_sessions, max_sessions : int
        Runs a week at all (R16: grow to 5 to 6).
    long_share : float
        Long session over each other one, where a week has one.
    volume_first_minutes : float
        Sessions of this length come before a further session a week (R78).
    longest_ratio_max : float
        Longest session over the longest of 30 days (RUNSAFE).
    pain_probability_max, unsettled_probability_max : float
        Greatest mean probability, in the worst session, of pain above the tissue's limit, and of
        not settling within a day.
    weekly_risk_cap, weekly_risk_doubt : float
        Same-tissue risk in a week, and the greatest share of draws that may pass it.
    target_risk_cap : float
        Mean same-tissue risk from now to the target date.
    horizon_weeks : int
        Weeks to the target date where none is set.
    execution_log_sd : float
        Spread of what is done about what was planned.
    rate_weeks : int
        Weeks that a rate of progression must stay feasible for.
    very_low_minutes : float
        Running in each session of a first week where ``rules.start_level`` is ``very_low`` (R76).
    first_test_minutes : float
        Running in each session of a first week that only the prior's chance of pain speaks against.
    retest_days : int
        Until the next look where nothing is feasible.
    max_draws : int
        Draws that a dose is weighed over.
    """

    multipliers: tuple[Positive, ...]
    first_session_minutes: tuple[Positive, ...]
    first_sessions: Count
    min_sessions: Count
    max_sessions: Annotated[int, Field(ge=1, le=7)]
    long_share: Annotated[float, Field(ge=1)]
    volume_first_minutes: Positive
    longest_ratio_max: Annotated[float, Field(ge=1)]
    pain_probability_max: Fraction
    unsettled_probability_max: Fraction
    weekly_risk_cap: Fraction
    weekly_risk_doubt: Fraction
    target_risk_cap: Fraction
    horizon_weeks: Count
    execution_log_sd: NotNegative
    rate_weeks: Count
    very_low_minutes: Positive
    first_test_minutes: Positive
    retest_days: Count
    max_draws: Count


class TrialCap(Section):
    """Limits of one of our arms in the trial; ``Dose`` explains them."""

    pain_probability: Fraction
    unsettled_probability: Fraction
    weekly_risk: Fraction
    target_risk: Fraction


class SimulateTrial(Section):
    """Size and setting of the in-silico trial.

    Attributes
    ----------
    n_runners, checks_n_runners : int
        Per arm, in the stage and in ``make checks``.
    n_particles : int
        Behind what the planner believes of a runner.
    n_draws : int
        Of them, that a dose is weighed over.
    first_week_minutes, target_minutes : float
        Running in the first week of blind rules, and the week to return to.
    max_sessions : int
        Runs a week of our arms.
    easy_speed_mps, walk_speed_mps : float
        Turn published miles into minutes.
    caps : dict of str to TrialCap
        Limits of our arms.
    """

    n_runners: Count
    checks_n_runners: Count
    n_particles: Count
    n_draws: Count
    first_week_minutes: Positive
    target_minutes: Positive
    max_sessions: Annotated[int, Field(ge=1, le=6)]
    easy_speed_mps: Positive
    walk_speed_mps: Positive
    caps: dict[str, TrialCap]


class FollowUp(Section):
    """When a runner is called; all numbers are judgements [U] unless said otherwise.

    Attributes
    ----------
    no_data_days : int
        Days without an entry after which nothing is known.
    pain_rise_soft, pain_rise_hard : float
        Rise of the week's mean pain over the week before, of 10.
    over_ceiling_soft, over_ceiling_hard : float
        Load done over the week's ceiling.
    adherence_low : float
        Share of the planned sessions below which somebody asks why.
    ontracx_pain : float
        First of the four public checks (OnTracx, classification page): pain above it.
    ontracx_rise : float
        Rise that its pages name for medium tolerance.
    ontracx_weeks : int
        Fourth check: more than so many weeks above target.
    """

    no_data_days: Count
    pain_rise_soft: Positive
    pain_rise_hard: Positive
    over_ceiling_soft: Positive
    over_ceiling_hard: Positive
    adherence_low: Fraction
    ontracx_pain: Positive
    ontracx_rise: Positive
    ontracx_weeks: Count


class RunnerReport(Section):
    """What a runner's report shows, and the model behind it.

    Attributes
    ----------
    n_population : int
        Draws of the prior that a runner starts from.
    weeks_shown : int
        Weeks of load and symptoms in the figure.
    own_data_percent : int
        A tissue whose prior variance the runner's data cut by less than this is called prior.
    min_entries : int
        Runs with a pain score below which the page says "not enough data yet".
    min_ess : float
        Effective draws below which an estimate fails and the last good one stays in force.
    example_day : str
        Day of the example runners' reports, ISO 8601.
    """

    n_population: Count
    weeks_shown: Count
    own_data_percent: Annotated[int, Field(ge=1, le=99)]
    min_entries: Count
    min_ess: Positive
    example_day: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]


class FitPmdata(Section):
    """How next-day soreness is learned from the PMData diary and scored.

    Attributes
    ----------
    priors : dict of str to prior
        One for each of ``model.soreness.PARAMETERS``, normal or lognormal.
    n_draws : int
        Weighted draws behind each prediction.
    n_resamples : int
        Resamples of people behind each interval.
    n_shuffles, n_shifts : int
        Negative controls: diaries with loads in random order, and shifted in a circle.
    calibration_groups : int
        Groups of equal size of the calibration curve.
    """

    priors: dict[str, Annotated[Normal | LogNormal, Field(discriminator="distribution")]]
    n_draws: Count
    n_resamples: Count
    n_shuffles: Count
    n_shifts: Count
    calibration_groups: Count


class Params(Section):
    """The whole of ``params.yaml``.

    Attributes
    ----------
    seed : int
        Root of every random number; see :func:`stage_generator`.
    simulate_recordings, analyse_recordings, validate_load, screening_report
        Sections of the stages of these names. ``aggregate_sessions`` sums what
        ``analyse_recordings`` found and shares its section.
    tissue_exponents : TissueExponents
        How damage weighs the load of each model tissue.
    fit_tolerance : FitTolerance
        Section of the stage of this name.
    tolerance_priors : TolerancePriors
        What is believed of runners' tissues before any data.
    injuries : dict of str to Injury
        Every injury that the workspace knows, by its name in a runner's folder.
    simulate_cohort, check_predictions
        Sections of the stages of these names.
    ledger : Ledger
        What a session that nobody measured costs each unit.
    rules : Rules
        Switches and numbers of the rule book.
    dose : Dose
        How the next week is chosen, for real runners and in the trial alike.
    simulate_trial : SimulateTrial
        Section of the stage of this name.
    fit_pmdata : FitPmdata
        Section of the stage of this name.
    """

    seed: Annotated[int, Field(ge=0)]
    simulate_recordings: SimulateRecordings
    analyse_recordings: AnalyseRecordings
    validate_load: ValidateLoad
    screening_report: ScreeningReport
    tissue_exponents: TissueExponents
    fit_tolerance: FitTolerance
    tolerance_priors: TolerancePriors
    injuries: dict[str, Injury]
    ledger: Ledger
    rules: Rules
    dose: Dose
    check_predictions: CheckPredictions
    simulate_cohort: SimulateCohort
    simulate_trial: SimulateTrial
    runner_report: RunnerReport
    follow_up: FollowUp
    fit_pmdata: FitPmdata


def stage_generator(seed: int, stage: str, item: str = "") -> np.random.Generator:
    """Return the random generator of one stage, or of one item of a stage.

    The stream follows from the names alone, so neither the order in which stages run nor the
    arrival of a further stage changes the numbers of another.

    Parameters
    ----------
    seed : int
        ``Params.seed``.
    stage : str
        Name of the stage, as in ``dvc.yaml``.
    item : str
        What the stage repeats itself over (a recording, a runner); empty for the stage as such.

    Raises
    ------
    ValueError
        If ``stage`` is empty: such a stream would be that of the bare seed.
    """
    if not stage:
        raise ValueError("stage is an empty name: give the stage's name as it stands in dvc.yaml.")
    spawn_key = (*stage.encode(), 0, *item.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=spawn_key))
