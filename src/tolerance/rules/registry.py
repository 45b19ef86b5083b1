"""Every rule of the rule book in one table, and the mark that code cites it with.

R-rules come from the five founding documents (:data:`SOURCES`), A-rules were added for safety.
Code cites a rule with ``@rule("R38")``, a test with ``@pytest.mark.rule("R38")``; a test of the
project's shape fails when an encoded rule lacks either, or when somebody cites an unknown rule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "CONTRADICTIONS",
    "RULES",
    "SOURCES",
    "Rule",
    "Status",
    "rule",
    "rules_by_status",
    "rules_encoded",
    "rules_total",
]

Status = Literal["encoded", "intake", "covered_by", "out_of_scope"]
"""``encoded``: code and tests cite it. ``intake``: it is a field of the record or a covariate.
``covered_by``: another rule says the same. ``out_of_scope``: left out on purpose."""

SOURCES: Final = {
    "S0": "OnTracx, Why runners don't get injured during rehab but after (2026)",
    "S1": "Designing progressive return to running programs after injury (2025)",
    "S2": "Rehabilitation for Runners: Injury Prevention and Performance",
    "S3": "Return to Running, page of a sports-physiotherapy clinic",
    "S4": "Successful Return From Running Injury: Getting It Right First Time (2021)",
    "A": "Added for safety by this project",
}
"""Where rules come from, by their key."""

CONTRADICTIONS: Final = {
    "progression_order": (
        "S1: duration, intensity, frequency. S4: volume, frequency, speed after 12 weeks. S2 lets "
        "strides into a rebuilding week. Default S4 with the tests of S2."
    ),
    "intensity_lock": (
        "S4 locks intensity for 12 weeks, S3 wants no calendar, S2 calls time a poor guide. "
        "Default: 12 weeks as a soft lock that a clinician may lift; time never passes a gate."
    ),
    "pain_limit": (
        "S2 accepts pain up to 3, S3 starts with pain, S4 stops at first discomfort; up to 5 is "
        "accepted in some tendon programmes. Default: 1 for bone, 3 for every other tissue."
    ),
    "tissue_clocks": (
        "S2: bone weeks, tendon months; published bone remodelling takes months too. Default: "
        "published clocks, as priors of the model."
    ),
    "start_level": (
        "S3 starts at the level that assessment supports, S4 very low for everybody. Default: "
        "assessed."
    ),
    "consecutive_days": (
        "S4 never runs on two days in a row, S2's sample week does, S1 grows to 5 or 6 days. "
        "Default: never before the last stage."
    ),
    "weekly_growth": (
        "S2 calls 10 % a week a decent ceiling; S4's linked plan jumps by up to 50 %. Default: no "
        "fixed percentage; growth above 10 % is pointed out."
    ),
    "reinjury": (
        "S0: 50 to 70 % within a year; a prospective study: 46 % with any injury. Default: both "
        "are shown, each with its definition."
    ),
    "loading_time": (
        "S3: 6 to 10 sessions, S4: 12 weeks, S2: 3 months after 6 months of symptoms. Default: "
        "shown as expected course; criteria decide."
    ),
    "cadence_cue": (
        "S2 cues +5 to 7 % to all, and elsewhere +5 % below 165 steps a minute. Default: below "
        "165, or kneecap pain."
    ),
}
"""Where the sources contradict each other, by the name of the switch, and what holds by default."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes
    ----------
    id : str
        ``R01`` to ``R80`` and ``A01`` to ``A16``; never renumbered.
    source : str
        Key of :data:`SOURCES`.
    status : str
        See :data:`Status`.
    sentence : str
        What it says.
    how : str
        How it is encoded or, where it is not, where its content went and why.
    switch : str
        Key of :data:`CONTRADICTIONS`; empty where no source contradicts it.
    basis : str
        Of an A-rule: the literature that was read for it (abstracts), and what of it is clinical
        judgement, ``[J]``. Judgements stand in ``params.yaml`` and may be edited, vetoes not.
    """

    id: str
    source: str
    status: Status
    sentence: str
    how: str
    switch: str = ""
    basis: str = ""


_TABLE: Final = (
    Rule(
        "R01", "S0", "covered_by",
        "Injury happens when cumulative load exceeds tissue capacity; load tolerance and load "
        "management are the two levers.",
        "The margin of the tolerance model, log load minus log capacity (model/filters.py, "
        "predict.py).",
    ),
    Rule(
        "R02", "S0", "covered_by",
        "Structural adaptation takes months to a year; long-term gains are modest.",
        "Slow adaptation state of the tolerance model, with published time constants "
        "(model/filters.py, priors.py).",
    ),
    Rule(
        "R03", "S0", "covered_by",
        "At discharge a runner is functionally ready but biologically still adapting.",
        "Healing deficit of the tolerance model, above zero although gates are passed "
        "(model/filters.py).",
    ),
    Rule(
        "R04", "S0", "encoded",
        "One repetition of rehabilitation loads about as much as one running step.",
        "Equivalent of a repetition in the load ledger, with a weight against the damage "
        "exponent, which it contradicts; tunable, unverified.",
    ),
    Rule(
        "R05", "S0", "encoded",
        "A rehabilitation session has 200 to 300 repetitions; a run has thousands of steps.",
        "Repetitions of a rehabilitation session that does not count them, in the load "
        "ledger: 250.",
    ),
    Rule(
        "R06", "S0", "covered_by",
        "After discharge volume rises fast while supervision and strength work fall.",
        "Usual care of the simulated cohort (simulate/cohort.py) and arms of the trial "
        "(progression/trial.py).",
    ),
    Rule(
        "R07", "S0", "covered_by",
        "50 to 70 % of runners are reinjured within a year.",
        "Anchor of the prior of the hazard per session (model/priors.py); contested.",
        switch="reinjury",
    ),
    Rule(
        "R08", "S0", "covered_by",
        "A runner needs a clear starting load, gradual individual progression, and insight into "
        "real exposure.",
        "The answers of a plan: first week, rate of progression, exposure "
        "(progression/plan.py, rate.py).",
    ),
    Rule(
        "R09", "S0", "intake",
        "Load is screened by wearables, plans are based on load, and load, adherence and symptoms "
        "are followed remotely.",
        "Fields of the record: sessions, symptoms, plans, adherence.",
    ),
    Rule(
        "R10", "S0", "covered_by",
        "Success is a sustained return without reinjury, not pain-free discharge.",
        "Endpoint of the simulated trial (progression/trial_outcomes.py).",
    ),
    Rule(
        "R11", "S1", "intake",
        "Baseline: structure injured, residual movement limits, running history, psychological "
        "readiness, age, earlier injuries, sport.",
        "Fields of profile and injuries; readiness is an optional test.",
    ),
    Rule(
        "R12", "S1", "encoded",
        "A plan has milestones, load targets, and a contingency when pain, swelling or fatigue "
        "escalates.",
        "Verdict and next action of an assessment: advance, hold, regress, stop or refer.",
    ),
    Rule(
        "R13", "S1", "covered_by",
        "Early running is counted in time, not distance, as run-walk cycles.",
        "Plans are in minutes, by the run-walk ladder (progression/run_walk.py); distance is "
        "derived.",
    ),
    Rule(
        "R14", "S1", "intake",
        "Watch cadence, foot strike and ground-contact time.",
        "Columns of steps and sessions; cadence and strike in the profile.",
    ),
    Rule(
        "R15", "S1", "encoded",
        "Advance or hold by pain, swelling and performance.",
        "Swelling stops running until it is gone; pain and tests decide the rest.",
    ),
    Rule(
        "R16", "S1", "encoded",
        "Begin with 2 to 3 running days a week and grow to 5 or 6 as tolerated.",
        "Ceiling of running days by stage.",
        switch="consecutive_days",
    ),
    Rule(
        "R17", "S1", "encoded",
        "Leg stiffness and ankle dorsiflexion are objective signs of readiness.",
        "Optional tests: shown and compared with the other side, they gate nothing, since no "
        "threshold is given.",
    ),
    Rule(
        "R18", "S1", "encoded",
        "Order: duration, then intensity, then frequency, with recovery between steps.",
        "Order s1 of progression.",
        switch="progression_order",
    ),
    Rule(
        "R19", "S1", "encoded",
        "Hills, tempo and extra distance only by measurable criteria.",
        "Hills and speed have gates of their own.",
    ),
    Rule(
        "R20", "S1", "encoded",
        "Cross-training lowers reinjury risk.",
        "Cycling and swimming are offered with hardly any impact, as a flag or injury allows.",
    ),
    Rule(
        "R21", "S1", "encoded",
        "Screen hip, knee alignment and forefoot collapse; aim at consistency, not perfection; "
        "look again.",
        "Gait checklist without a number; gates nothing.",
    ),
    Rule(
        "R22", "S1", "encoded",
        "Track stride length, cadence, pronation, vertical loading, jump height and asymmetry of "
        "landing.",
        "Landing asymmetry is a criterion of speed where it was measured; the rest are fields.",
    ),
    Rule(
        "R23", "S1", "covered_by",
        "Tendon needs slower loading; muscle strain tolerates faster progression.",
        "Published time constants per tissue in the priors of the model (model/priors.py).",
    ),
    Rule(
        "R24", "S1", "encoded",
        "Milestones: single-leg hops without pain; stable cadence in hard sessions.",
        "Hop pain 0 and drift of cadence in the gates of stages 3 and 4.",
    ),
    Rule(
        "R25", "S1", "encoded",
        "Return to race: longer runs, then terrain, then speed; come near the race's duration and "
        "intensity.",
        "Order of the last stage's sessions.",
    ),
    Rule(
        "R26", "S1", "encoded",
        "Pain is never the sole gatekeeper.",
        "A gate needs at least one criterion each of pain, function and load.",
    ),
    Rule(
        "R27", "S1", "encoded",
        "Alternate higher and lower load; consistency over intensity.",
        "Lighter week after so many weeks of growth.",
    ),
    Rule(
        "R28", "S1", "encoded",
        "After a setback: reassess openly and document what was changed.",
        "Every reduction carries its rule and reason; overrides are kept.",
    ),
    Rule(
        "R29", "S1", "encoded",
        "Nutrition, sleep and stress count; warm up, cool down, check the tissue; endurance "
        "runners count weekly running, sprinters speed and power.",
        "Template of a session, by the runner's sport.",
    ),
    Rule(
        "R30", "S2", "covered_by",
        "Load against capacity is the dominant risk; tissues adapt on clocks of their own.",
        "Time constants per tissue in the model (model/priors.py).",
        switch="tissue_clocks",
    ),
    Rule(
        "R31", "S2", "encoded",
        "Five sites and their triggers: shin, Achilles and plantar fascia, outer knee, front of "
        "the knee, gluteal tendons.",
        "What to avoid in the session, by injury.",
    ),
    Rule(
        "R32", "S2", "intake",
        "Ask for training age, days a week, fastest efforts, sore runs, shoes and their age; see "
        "the gait at training and race pace.",
        "Fields of profile and diary.",
    ),
    Rule(
        "R33", "S2", "encoded",
        "Anchors: calf raises, single-leg squat, hops, isometric adduction, range of motion.",
        "Table of capacity tests.",
    ),
    Rule(
        "R34", "S2", "encoded",
        "30 good calf raises left and 18 with soreness right: target and limiter.",
        "Limb symmetry 18 / 30 = 60 %.",
    ),
    Rule(
        "R35", "S2", "encoded",
        "If pain calms with 10 to 20 % less volume and a break from downhill and track, keep "
        "running.",
        "First reduction: load factor 0.80 to 0.90.",
    ),
    Rule(
        "R36", "S2", "encoded",
        "Suspected bone stress, or a pain spike with night pain or focal tenderness: stop "
        "running, cross-train.",
        "Veto until cleared.",
    ),
    Rule(
        "R37", "S2", "encoded",
        "10 % a week is a decent ceiling for many, but spikes matter: back-to-back long runs, new "
        "heel drop, 2,000 ft of descent, unused intervals.",
        "Spikes of single sessions are found in the diary.",
        switch="weekly_growth",
    ),
    Rule(
        "R38", "S2", "encoded",
        "Sore but safe: pain at most 3 of 10, not rising in the session, back to baseline within "
        "24 h.",
        "Response to a session, with the limit of the tissue.",
        switch="pain_limit",
    ),
    Rule(
        "R39", "S2", "encoded",
        "If pain rises in the run or lingers next morning, cut volume, intensity or downhill for "
        "the next two sessions.",
        "Two reduced sessions after a bad response.",
    ),
    Rule(
        "R40", "S2", "encoded",
        "Strength counts as load; no hills the day after heavy calf work; tendons rebound in 36 "
        "to 48 h; stress one system at a time.",
        "Spacing of hills and speed after heavy calf work.",
    ),
    Rule(
        "R41", "S2", "encoded",
        "Cranky Achilles: mid-range isometrics before heel drops; kneecap: no deep knee angle "
        "early; proximal hamstring: hinge and sprint mechanics.",
        "Tags of the exercise library.",
    ),
    Rule(
        "R42", "S2", "encoded",
        "Half-marathon in 6 weeks with calf pain at tempo: keep easy running, build the calf, "
        "light strides 2 weeks out; 4 months out: hard strength, taper the last 4 weeks.",
        "Race scenarios.",
    ),
    Rule(
        "R43", "S2", "encoded",
        "Strength: the last 3 repetitions are effortful; progress over months.",
        "Effort of every strength exercise.",
    ),
    Rule(
        "R44", "S2", "encoded",
        "Proximal hamstring: short hill sprints on 8 to 10 %.",
        "Exercise unlocked with hills and speed in the last stage.",
    ),
    Rule(
        "R45", "S2", "encoded",
        "Gait: cadence +5 to 7 %, slight lean from the ankles, foot strike last and for a time.",
        "Cadence cue.",
        switch="cadence_cue",
    ),
    Rule(
        "R46", "S2", "encoded",
        "Achilles or calf flare in low shoes: a few weeks more rearfoot and higher drop; the "
        "reverse for some kneecap pain.",
        "Shoe advice by injury.",
    ),
    Rule(
        "R47", "S2", "encoded",
        "Never change shoe and load in the same week; a new shoe in small doses for 2 weeks with "
        "volume level.",
        "No load raise for 14 days after a new shoe.",
    ),
    Rule(
        "R48", "S2", "encoded",
        "Camber, trails, treadmill and descents shift load; none is safer as such; vary.",
        "Surface of a session by stage and injury.",
    ),
    Rule(
        "R49", "S2", "encoded",
        "Four overlapping phases: settle and assess, build capacity, elastic and speed, sharpen "
        "and maintain.",
        "Phase of rehabilitation, from stage and gates.",
    ),
    Rule(
        "R50", "S2", "encoded",
        "Last phase: strength volume -30 to 50 %, once a week hard; maintenance 20 min twice a "
        "week.",
        "Strength week of the last phase.",
    ),
    Rule(
        "R51", "S2", "encoded",
        "Leave a phase by pain behaviour, strength, hop symmetry and the feel of medium-long "
        "runs; time alone is a poor guide.",
        "Gate of full load.",
    ),
    Rule(
        "R52", "S2", "encoded",
        "6 months of Achilles pain: plan 3 months of loading.",
        "Expected months of loading: half of the months of symptoms.",
        switch="loading_time",
    ),
    Rule(
        "R53", "S2", "out_of_scope",
        "Manual therapy and modalities are short-term help; ice after, heat before.",
        "No part of load or capacity; the clinician's choice.",
    ),
    Rule(
        "R54", "S2", "encoded",
        "Red flags: focal bone tenderness, pain that escalates and lingers, night pain, high-risk "
        "bone sites, calf pop or bruise, Achilles stiffness that worsens, sharp joint pain with "
        "swelling.",
        "No plan, a referral text.",
    ),
    Rule(
        "R55", "S2", "encoded",
        "Marathon in 8 weeks with a tibial reaction: cross-train, shorter race. Half in 10 weeks "
        "with Achilles: tempo on a slight incline, no long downhills, heavy soleus instead of "
        "intervals for 3 weeks, then strides off hills.",
        "Race scenarios.",
    ),
    Rule(
        "R56", "S2", "encoded",
        "25 single-leg calf raises at 2 s up and 2 s down on each side predict tolerance of hills "
        "and speed.",
        "Gate of hills and speed, not of the first run-walk.",
    ),
    Rule(
        "R57", "S2", "encoded",
        "Isometric mid-range calf hold of 45 to 60 s: the same.",
        "Gate of hills and speed: 45 s pass, 60 s full.",
    ),
    Rule(
        "R58", "S2", "encoded",
        "Slow single-leg squat: pelvis level, knee over the second toe.",
        "Yes-or-no criterion of stage 3.",
    ),
    Rule(
        "R59", "S2", "encoded",
        "Five single-leg forward hops: a gap of 10 % deserves attention, 20 % is a red light for "
        "heavy speed.",
        "Criterion of speed only.",
    ),
    Rule(
        "R60", "S2", "encoded",
        "Cadence below 165 with overstride or heel strike: +5 %.",
        "Cadence cue.",
        switch="cadence_cue",
    ),
    Rule(
        "R61", "S2", "encoded",
        "At least two pairs of shoes; retire at 300 to 500 miles; a change of drop or stack takes "
        "2 weeks.",
        "Shoe ledger: 483 to 805 km.",
    ),
    Rule(
        "R62", "S2", "encoded",
        "Strength twice a week, two 30 min lifts; screen 2 to 3 months ahead of the season; 6 to "
        "8 weeks of strengthening; a lift may replace a run.",
        "Strength week and season plan.",
    ),
    Rule(
        "R63", "S2", "encoded",
        "Sample calf week.",
        "The week as tabulated, checked against the rules of spacing.",
    ),
    Rule(
        "R64", "S2", "encoded",
        "Expected course: Achilles and plantar stiffness lingers while function returns; kneecap "
        "eases in runs before stairs; iliotibial band quiets fast, flares downhill.",
        "Text on what to expect, by injury.",
    ),
    Rule(
        "R65", "S2", "encoded",
        "Green lights: less awareness on waking, easy run without increase in 24 h, strength "
        "rising.",
        "Counted and shown; they release nothing alone.",
    ),
    Rule(
        "R66", "S2", "encoded",
        "Get seen: pain escalates despite careful running, night pain, or no hop without sharp "
        "pain after 1 to 2 easier weeks.",
        "No plan, a referral text.",
    ),
    Rule(
        "R67", "S3", "encoded",
        "The conditions: iliotibial band, kneecap, patellar tendon, Achilles, plantar fascia, "
        "bone stress, gluteal, hip flexor, proximal hamstring, and after surgery.",
        "The injuries of params.yaml.",
    ),
    Rule(
        "R68", "S3", "covered_by",
        "Unload, pain gone, return, pain again: capacity was never rebuilt.",
        "Chronic load fades without exposure in the tolerance model (model/filters.py).",
    ),
    Rule(
        "R69", "S3", "encoded",
        "Four stages: tissue readiness, graduated run-walk volume, mechanics under fatigue, full "
        "load; all by criteria, none by the calendar.",
        "Stage of each injury; phases are mapped to it.",
    ),
    Rule(
        "R70", "S3", "encoded",
        "Start at the level that assessment supports, not at zero.",
        "The first week is the largest that the model of this runner accepts; a run or a walk "
        "already tolerated opens the gate.",
        switch="start_level",
    ),
    Rule(
        "R71", "S3", "encoded",
        "If mechanics break down early under fatigue, fix that before volume rises.",
        "Drift of cadence and contact time in the gate of full load.",
    ),
    Rule(
        "R72", "S3", "encoded",
        "Case: 8 months of Achilles pain on both sides, three failed returns within 2 weeks, no "
        "left heel raise; 6 weeks of loading; run in week 7; 40 km a week in week 14.",
        "Failed returns are shown and hold the first weeks level; the case is a test.",
    ),
    Rule(
        "R73", "S3", "encoded",
        "A runner need not be free of pain to start; bans are rarely appropriate.",
        "Start gate uses the pain limit of the tissue, not 0.",
        switch="pain_limit",
    ),
    Rule(
        "R74", "S3", "encoded",
        "ACL reconstruction: quadriceps symmetry at least 70 %, controlled landing, no swelling "
        "or pain response; criteria decide.",
        "Start gate of the knee.",
    ),
    Rule(
        "R75", "S3", "encoded",
        "Simple overuse 6 to 10 sessions; after surgery 12 to 20 weeks to running.",
        "Expected course; it passes no gate.",
        switch="loading_time",
    ),
    Rule(
        "R76", "S4", "encoded",
        "Start very low, such as 10 times 1 min run and 1 min walk.",
        "First rung of the run-walk ladder; the switch start_level keeps the first week that "
        "small.",
        switch="start_level",
    ),
    Rule(
        "R77", "S4", "encoded",
        "Intensity is a load factor: conversational pace for the first 12 weeks.",
        "Soft lock of speed.",
        switch="intensity_lock",
    ),
    Rule(
        "R78", "S4", "encoded",
        "Order: volume, frequency, then speed after 12 weeks.",
        "Order s4 of progression, the default.",
        switch="progression_order",
    ),
    Rule(
        "R79", "S4", "covered_by",
        "Load is volume, frequency and intensity.",
        "Candidate weeks vary load, sessions and split (progression/candidates.py); intensity "
        "has its own gate.",
    ),
    Rule(
        "R80", "S4", "encoded",
        "After 2 years of Achilles pain, new iliac-crest pain after adding surfaces and inclines.",
        "A new complaint elsewhere is found and holds the load.",
    ),
    Rule(
        "A01", "A", "encoded",
        "The red-flag screen comes before any test; each item is asked yes or no; not asked is "
        "never read as absent.",
        "An incomplete screen passes no gate.",
        basis="Finucane and others 2020 (JOSPT, framework for red flags of the spine): "
        "guidelines recommend red flags and disagree on which. That a question not asked "
        "is no answer is [J].",
    ),
    Rule(
        "A02", "A", "encoded",
        "Hop and impact tests are withheld while a bone stress injury is suspected.",
        "Tests to do leave them out and say so.",
        basis="George and others 2024, doi:10.1007/s40279-024-02051-y (scoping review, level "
        "IV): bony tenderness gone, pain-free walking and loading tests are among what is "
        "to be settled before running. Withholding hops while bone stress is suspected is "
        "[J].",
    ),
    Rule(
        "A03", "A", "encoded",
        "Further bone sites that veto: base of the fifth metatarsal, talus, inner ankle bone, "
        "sesamoids, sacrum, groin pain on impact.",
        "High-risk injuries and groin pain on impact give a referral.",
        basis="Mayer and others 2013, PMC4212349: foot and ankle sites differ in how they heal, "
        "high- risk sites need more. Robertson and Wood 2017, doi:10.1055/s-0043-103946: "
        "exercise- related groin pain, late diagnosis of the femoral neck lets it "
        "displace. Sacrum and urgency are [J].",
    ),
    Rule(
        "A04", "A", "encoded",
        "Veto and urgency for calf swelling with heat, neurological or bladder signs, fever or "
        "weight loss, chest pain or fainting, exertional compartment symptoms, wound problems, a "
        "pop with loss of function.",
        "Referral today or this week.",
        basis="Boyd and others 2015, doi:10.3399/bjgp15X688069: a torn Achilles is often "
        "missed, delay beyond 24 h matters, walking stays possible. Buerba and others "
        "2019, doi:10.2147/OAJSM.S168368: exertional compartment syndrome is "
        "underdiagnosed. Finucane and others 2020 (JOSPT) for serious disease of the "
        "spine. Today or this week is [J].",
    ),
    Rule(
        "A05", "A", "encoded",
        "A veto is closed only by a recorded clearance; the site's precautions stay; meanwhile "
        "walking or cross-training only as the flag allows.",
        "Clearance with who, role, date and basis; a later yes opens the flag again.",
        basis="[J] clinical judgement; no source found",
    ),
    Rule(
        "A06", "A", "encoded",
        "Time alone never passes a gate; surgery, fracture and high-risk bone need a recorded "
        "clearance and a minimum time besides.",
        "Two further criteria of the start gate.",
        basis="Rambaud and others 2018, doi:10.1136/bjsports-2017-098602: performance criteria "
        "combined with time are best evidence. George and others 2024, "
        "doi:10.1007/s40279-024-02051-y: imaging of healing in high-risk bone. The floors "
        "in weeks are [J].",
    ),
    Rule(
        "A07", "A", "encoded",
        "Side-to-side symmetry is not used when both sides are injured.",
        "Absolute values only.",
        basis="Wellsandt and others 2017, JOSPT: the other leg loses strength too, symmetry "
        "overestimates function. Not using it with both sides injured is [J].",
    ),
    Rule(
        "A08", "A", "encoded",
        "Two or more injuries: each has its state, the strictest binds.",
        "Every limit is the least over the injuries.",
        basis="[J] clinical judgement; no source found",
    ),
    Rule(
        "A09", "A", "encoded",
        "Under 18, pregnant or early after birth: rules and referral only.",
        "Verdict rules only.",
        basis="Krabak and others 2021, doi:10.1136/bjsports-2020-102518: advice on load in "
        "young runners rests on opinion. Postnatal guideline of Goom and others 2019: no "
        "running before 3 months, expert opinion. Leaving them out of dosing is [J].",
    ),
    Rule(
        "A10", "A", "encoded",
        "Repeated bone stress injury, missed periods or low energy intake: prompt to refer.",
        "Routine referral; the questions are optional and private.",
        basis="Mountjoy and others 2023, doi:10.1136/bjsports-2023-106994: low energy "
        "availability harms health and performance, in men too. "
        "doi:10.1177/0363546520971782: 10 of 30 had another bone stress injury within the "
        "year.",
    ),
    Rule(
        "A11", "A", "encoded",
        "After a recent analgesic a low pain score reassures nobody; caution after "
        "fluoroquinolone or steroid injection.",
        "Such a response counts as unknown; cautions are shown.",
        basis="Alves and others 2019, doi:10.1007/s00228-019-02713-1: fluoroquinolones and "
        "Achilles rupture, odds ratio 2.5 (1.8 to 3.5); PMC7754651 found it for "
        "levofloxacin only. Rotunno and others 2018, doi:10.1097/JSM.0000000000000619: "
        "injured runners take analgesics 2.7 times as often. That low pain then does not "
        "reassure is [J].",
    ),
    Rule(
        "A12", "A", "encoded",
        "An injury not in the list: rules only, no dose.",
        "Verdict rules only.",
        basis="[J] clinical judgement; no source needed: nothing is known to dose by",
    ),
    Rule(
        "A13", "A", "encoded",
        "A race date never raises a dose; later or shorter races are offered.",
        "Race scenarios never loosen a limit.",
        basis="[J] clinical judgement; no source found",
    ),
    Rule(
        "A14", "A", "encoded",
        "Bone: the limit is pain above 1; focal pain vetoes; absent pain alone releases nothing; "
        "a cleared low-risk injury gets a first plan.",
        "Pain limit and start gate of bone.",
        basis="George and others 2024, doi:10.1007/s40279-024-02051-y: bony tenderness gone and "
        "pain-free walking before running, imaging of healing in high-risk bone. The "
        "limit of 1 is [J].",
    ),
    Rule(
        "A15", "A", "encoded",
        "Missed sessions are never made up; the runner's sheet says whom to call.",
        "Guidance of every session.",
        basis="[J] clinical judgement; no source found",
    ),
    Rule(
        "A16", "A", "covered_by",
        "A planner that is too slow fails too: time to target is reported beside risk.",
        "Metrics of the simulated trial: weeks to target beside reinjury "
        "(progression/trial_outcomes.py).",
        basis="[J] a planner is judged on both",
    ),
)  # fmt: skip

RULES: Final = {entry.id: entry for entry in _TABLE}
"""The rule book by id."""


def rule[Marked](*ids: str) -> Callable[[Marked], Marked]:
    """Mark a function or class as encoding rules; it is returned as it is.

    Parameters
    ----------
    *ids : str
        Ids of the rule book.

    Raises
    ------
    ValueError
        If no id is given, or one is not in the rule book.
    """
    unknown = [name for name in ids if name not in RULES]
    if unknown or not ids:
        raise ValueError(
            f"rule: received {', '.join(map(repr, ids)) or 'no id'}; expected ids of the rule "
            f"book, R01 to R80 or A01 to A16{'; unknown: ' * bool(unknown)}{', '.join(unknown)}."
        )

    def mark(marked: Marked) -> Marked:
        return marked

    return mark


def rules_by_status() -> dict[Status, int]:
    """Return how many rules there are of each status."""
    counts: dict[Status, int] = {"encoded": 0, "intake": 0, "covered_by": 0, "out_of_scope": 0}
    for entry in RULES.values():
        counts[entry.status] += 1
    return counts


def rules_encoded() -> int:
    """Return how many rules are encoded: cited by code and by a test."""
    return rules_by_status()["encoded"]


def rules_total() -> int:
    """Return how many rules the rule book has."""
    return len(RULES)
