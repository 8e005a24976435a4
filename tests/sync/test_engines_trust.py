"""What of an answer is believed: a translation and nothing else, in the language that was asked for."""

from __future__ import annotations

import json
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from bot.bench.replay import Replay, read_replays, units_of
from bot.files import pairs_in
from sync.checks import verify_tokens
from sync.engines.adaptive.masks import is_maskable, masked_like
from sync.engines.adaptive.model import End, Form, Reply
from sync.engines.adaptive.prompt import Material
from sync.engines.adaptive.retrieval import Example, Retriever
from sync.engines.adaptive.trust import Fault, read
from sync.inline import tokens
from sync.languages import LANGUAGES
from sync.lexicon import Lexicon
from sync.markdown import parse
from sync.model import TranslationUnit
from sync.plan import plan_section
from sync.typography import script_of, scripts_of
from sync.units import translation_units

EXAMPLES = tuple(Example(f"Sentence {n}.", f"第{n}句。", 1 - n / 10) for n in range(4))
SOURCE = "The hidden layer of the model is large."
TEXT = Material(SOURCE, ("en", "zh"), EXAMPLES)
GOOD = "模型的隐藏层很大。"
# The same in languages of every kind of script.
TRANSLATED = {
    "zh": GOOD, "zh-TW": "模型的隱藏層很大。", "ja": "モデルの隠れ層は大きい。", "ko": "모델의 은닉층은 크다.",
    "de": "Die verborgene Schicht des Modells ist groß.", "fr": "La couche cachée du modèle est grande.",
    "es": "La capa oculta del modelo es grande.", "it": "Lo strato nascosto del modello è grande.",
    "pt": "A camada oculta do modelo é grande.", "nl": "De verborgen laag van het model is groot.",
    "tr": "Modelin gizli katmanı büyüktür.", "vi": "Tầng ẩn của mô hình rất lớn.",
    "ru": "Скрытый слой модели велик.", "uk": "Прихований шар моделі великий.", "el": "Το κρυφό επίπεδο είναι μεγάλο.",
    "ar": "الطبقة المخفية للنموذج كبيرة.", "fa": "لایهٔ پنهان مدل بزرگ است.", "he": "השכבה הנסתרת של המודל גדולה.",
    "hi": "मॉडल की छिपी हुई परत बड़ी है।", "bn": "মডেলের লুকানো স্তরটি বড়।", "pa": "ਮਾਡਲ ਦੀ ਲੁਕੀ ਹੋਈ ਪਰਤ ਵੱਡੀ ਹੈ।",
    "gu": "મોડેલનું છુપાયેલું સ્તર મોટું છે.", "ta": "மாதிரியின் மறைந்த அடுக்கு பெரியது.", "te": "నమూనా యొక్క దాగిన పొర పెద్దది.",
    "kn": "ಮಾದರಿಯ ಅಡಗಿದ ಪದರ ದೊಡ್ಡದು.", "ml": "മാതൃകയുടെ മറഞ്ഞ പാളി വലുതാണ്.", "si": "ආකෘතියේ සැඟවුණු ස්තරය විශාලයි.",
    "th": "ชั้นซ่อนของแบบจำลองมีขนาดใหญ่", "ka": "მოდელის ფარული შრე დიდია.", "hy": "Մոդելի թաքնված շերտը մեծ է։",
    "am": "የሞዴሉ ድብቅ ንብርብር ትልቅ ነው።",
}  # fmt: skip


def judged(answer: str, material: Material = TEXT, form: Form = "completion", usual: float | None = 0.35) -> str:
    return read(Reply(answer), material, form, usual)


def answered(source: str, answer: str, language: str, source_language: str = "en") -> str | None:
    """The fault of an answer; None where it is believed."""
    try:
        judged(answer, Material(source, (source_language, language)), usual=None)
    except Fault as fault:
        return str(fault)
    return None


def test_a_good_answer_is_believed() -> None:
    assert judged(f" {GOOD}\n") == GOOD
    assert judged(json.dumps({"translation": GOOD}), form="chat") == GOOD


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("", "the translation is empty"),
        (f"{GOOD}\n{GOOD}", "2 lines instead of one"),
        (f"{SOURCE} {GOOD}", "the answer repeats the segment"),
        (GOOD * 9, "far longer than the segment"),
        ("大", "far shorter"),
        (f"# {GOOD}", "would begin another block"),
        (f"{GOOD}\u202e", "is not allowed"),
        (f"*{GOOD}", "does not close"),
    ],
)
def test_a_bad_answer_is_not(answer: str, fault: str) -> None:
    with pytest.raises(Fault, match=fault):
        judged(answer, replace(TEXT, source=SOURCE * 3) if answer == "大" else TEXT)


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        f'Here you are: {{"translation": "{GOOD}"}}',
        f'{{"translation": "{GOOD}", "comment": "free"}}',
        f'[{{"translation": "{GOOD}"}}]',
        '{"translation": 7}',
        "[" * 100_000,
    ],
)
def test_a_chat_answers_with_one_object(answer: str) -> None:
    with pytest.raises(Fault, match="not one JSON object"):
        judged(answer, form="chat")


@pytest.mark.parametrize("end", [End.CUT_OFF, End.REFUSED])
def test_an_answer_that_did_not_end_is_none(end: End) -> None:
    with pytest.raises(Fault, match=f"the answer was {end.value}"):
        read(Reply(GOOD, end), TEXT, "completion", None)


# The language and its script.


@pytest.mark.parametrize(("language", "answer"), TRANSLATED.items())
def test_each_language_is_known_by_its_script(language: str, answer: str) -> None:
    assert answered(SOURCE, answer, language) is None
    # Names, and signs that formulas are made of, stand in any text.
    assert answered(SOURCE, f"{answer[:-1]} BERT µ ℝ α 𝐱{answer[-1]}", language) is None
    own = set(scripts_of(language)) | ({"HAN"} if language == "ko" else set())
    for other, text in TRANSLATED.items():
        if own.isdisjoint(scripts_of(other)) and other not in ("de", "fr", "es", "it", "pt", "nl", "tr", "vi", "el"):
            assert answered(SOURCE, text, language) is not None, text
            assert "another script" in (answered(SOURCE, f"{answer} {text}", language) or ""), text


def test_every_script_is_tried() -> None:
    scripts = {script for code in LANGUAGES for script in scripts_of(code)}
    assert {script for code in TRANSLATED for script in scripts_of(code)} == scripts


def test_a_letter_has_the_script_that_its_name_says() -> None:
    scripts = {script for code in LANGUAGES for script in scripts_of(code)}
    tried = Counter[str]()
    for character in map(chr, range(0x323B0)):
        script, _, rest = unicodedata.name(character, "").partition(" ")
        script = "HAN" if script == "CJK" else script
        if character.isalpha() and script in scripts and rest.startswith(("LETTER", "SMALL LETTER", "UNIFIED")):
            assert script_of(character) == script, f"{ord(character):x}"
            tried[script] += 1
    # The signs of three scripts are named otherwise: syllables and characters.
    assert set(tried) >= scripts - {"HANGUL", "ETHIOPIC", "THAI"}
    assert [script_of(sign) for sign in "각ሀก々〆ーµℝ𝐱1ཀ"] == [
        "HANGUL", "ETHIOPIC", "THAI", "HAN", "COMMON", "COMMON", "COMMON", "COMMON", "COMMON", "", "OTHER",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "source", "answer"),
    [
        ("ja", SOURCE, "モデルのデータレイヤーは大きい。"),
        ("ja", "These are all the people of it.", "これらの人々は皆、〆切に追われるﾃﾞｰﾀだ。"),
        ("zh", "It takes 5 microseconds in the reals.", "它在ℝ中需要5µs。"),
        ("ko", "The inner product is a number.", "내적(內積)은 수이다."),
        ("de", "The Russian word for peace is мир.", "Das russische Wort für Frieden ist мир."),
        ("zh", "The Japanese word is モデル.", "这个日语词是モデル。"),
        ("es", "The letter is named ª and º.", "La letra se llama ª y º."),
    ],
)
def test_letters_that_are_no_foreign_ones(language: str, source: str, answer: str) -> None:
    assert answered(source, answer, language) is None


@pytest.mark.parametrize(
    ("language", "answer", "mark"),
    [
        ("zh", "模型のデータ很大。", "の"), ("zh", "模型的слой很大。", "с"), ("ja", "モデルの은닉層は大きい。", "은"),
        ("ko", "모델의 レイヤー는 크다.", "レ"), ("es", "La capa 隐藏 del modelo es grande.", "隐"),
        ("de", "Die vеrborgene Schicht des Modells ist groß.", "е"), ("ru", "Скрытый 层 модели велик.", "层"),
        ("hi", "मॉडल की ছিপি हुई परत बड़ी है।", "ছ"), ("th", "ชั้นซ่อนຂອງแบบจำลองมีขนาดใหญ่", "ຂ"),
    ],
)  # fmt: skip
def test_a_letter_of_another_script_is_seen(language: str, answer: str, mark: str) -> None:
    assert answered(SOURCE, answer, language) == f"the answer holds letters of another script: {mark}"


PARAPHRASED = "This network has one deep layer, and it is quite big for that."


@pytest.mark.parametrize("language", TRANSLATED)
def test_english_is_refused_everywhere(language: str) -> None:
    answer = TRANSLATED[language]
    assert answered(SOURCE, SOURCE, language) is not None
    assert answered(SOURCE, PARAPHRASED, language) is not None
    first = answer.split()[0] if " " in answer else answer[:2]
    assert answered(SOURCE, f"{PARAPHRASED[:-1]} {first}.", language) is not None


@pytest.mark.parametrize(
    ("language", "source", "answer"),
    [
        ("de", "Yann LeCun, Geoffrey Hinton, and Yoshua Bengio", "Yann LeCun, Geoffrey Hinton und Yoshua Bengio"),
        ("zh", "Yann LeCun, Geoffrey Hinton, and Yoshua Bengio", "Yann LeCun, Geoffrey Hinton & Yoshua Bengio"),
        ("ru", "Alex Krizhevsky, Ilya Sutskever, Geoff Hinton", "Krizhevsky, Sutskever, Hinton"),
        ("zh", "Convolutional neural networks", "卷积神经网络（Convolutional neural network）"),
        ("zh", "The backprop algorithm", "反向传播算法（backward propagation of errors algorithm）"),
        ("de", 'See "Attention Is All You Need" for the details.', "Siehe „Attention Is All You Need“ zu Einzelheiten."),
        ("ja", "Dropout", "Dropout"),
        ("de", "Deep RNNs", "Deep RNNs"),
        ("zh", "Convolutional neural network", "卷积神经网络（Convolutional neural network）"),
        ("zh", "LSTMs and GRUs (α)", "LSTM和GRU（α）"),
        ("fr", "The options of numpy and pandas in python", "Les options de numpy et pandas en python"),
        ("nl", "It is one of the two that we saw.", "Het is een van de twee die we zagen, of was het anders?"),
        ("pt", "As in the other case, not all layers are large.", "Como no outro caso, as camadas não são grandes."),
        ("ko", "Sort by name, size or date", "name, size, date 순으로 정렬"),
        ("zh", "BERT", "BERT"),
    ],
)  # fmt: skip
def test_what_stays_as_it_is_may(language: str, source: str, answer: str) -> None:
    assert answered(source, answer, language) is None


def test_what_is_translated_into_english() -> None:
    assert answered("我不能这样说。", "I cannot say so.", "en", "zh") is None
    assert answered("我不能这样说。", "I cannot translate that.", "en", "zh") is not None
    assert answered(GOOD, "The hidden layer is large.", "en", "zh") is None
    assert answered(GOOD, GOOD, "en", "zh") is not None
    assert answered("Yann LeCun、Geoffrey Hinton和Yoshua Bengio认为特征应该被学习。",
                    "Yann LeCun, Geoffrey Hinton, and Yoshua Bengio hold that they ought to be learnt.", "en", "zh",
                    ) is None  # fmt: skip


# Commentary.

LABELS = {
    "zh": ("译文：", "翻译：", "以下是翻译：", "中文翻译："), "zh-TW": ("譯文：", "翻譯："),
    "ja": ("翻訳：", "以下は翻訳です：", "日本語訳文：", "日本語："), "ko": ("번역: ", "다음은 번역입니다: ", "한국어: "),
    "de": ("Übersetzung: ", "Hier ist die Übersetzung: ", "Deutsche Übersetzung: ", "Deutsch: "),
    "fr": ("Traduction : ", "Voici la traduction : "), "es": ("Traducción: ", "Aquí está la traducción: "),
    "tr": ("Çeviri: ", "İşte çeviri: "), "ru": ("Перевод: ", "Вот перевод: "), "uk": ("Переклад: ",),
    "ar": ("الترجمة: ", "إليك الترجمة: "), "hi": ("अनुवाद: ", "यहाँ अनुवाद है: "), "th": ("คำแปล: ",), "it": ("Traduzione: ",),
    "pt": ("Tradução: ",), "nl": ("Vertaling: ",), "vi": ("Bản dịch: ",), "el": ("Μετάφραση: ",), "he": ("תרגום: ",),
}  # fmt: skip
NOTES = {
    "zh": "（注：术语保留原文）", "zh-TW": "（註：術語保留原文）", "ja": "（訳注：用語は原文のまま）", "ko": " (참고: 용어는 그대로)",
    "de": " (Anmerkung: Begriffe bleiben.)", "fr": " (Note : les termes restent)", "es": " (Nota: sin cambios)",
    "tr": " (Not: terimler korundu)", "ru": " (Примечание: термины сохранены)", "ar": " (ملاحظة: بقيت المصطلحات)",
    "hi": " (टिप्पणी: शब्द वही हैं)", "th": " (หมายเหตุ: คงคำเดิม)",
}  # fmt: skip
QUOTED = {
    "zh": "“”", "zh-TW": "「」", "ja": "「」", "ko": "“”", "de": "„“", "fr": "«»", "es": "«»", "tr": "“”", "ru": "«»",
    "ar": "«»", "hi": "“”", "th": "‘’",
}  # fmt: skip


@pytest.mark.parametrize(("language", "labels"), LABELS.items())
def test_labels_are_no_translation(language: str, labels: tuple[str, ...]) -> None:
    own = (*labels, "Translation: ", "Sure! Here is the translation: ", "Certainly, here it is: ", "English: ")
    for label in own:
        fault = answered(SOURCE, label + TRANSLATED[language], language)
        assert "comment" in (fault or "") or "more than a translation" in (fault or ""), label
    # Where the segment has a colon of its own, too.
    for label in labels[:1]:
        colon = f"It follows: {SOURCE}"
        assert "comment" in (answered(colon, label + TRANSLATED[language], language) or ""), label


@pytest.mark.parametrize(("language", "note"), NOTES.items())
def test_notes_are_no_translation(language: str, note: str) -> None:
    for added in (note, " (Note: terms are kept.)"):
        assert "comment" in (answered(SOURCE, TRANSLATED[language] + added, language) or ""), added


@pytest.mark.parametrize(
    ("language", "answer"),
    [("zh", "抱歉，我无法翻译这句话。"), ("de", "Es tut mir leid, das geht nicht."), ("ja", "申し訳ありませんが、できません。"),
     ("es", "Lo siento, no puedo hacer eso."), ("ru", "Извините, это невозможно."), ("fr", "Désolé, c'est impossible.")],
)  # fmt: skip
def test_an_apology_is_no_translation(language: str, answer: str) -> None:
    assert "comment" in (answered(SOURCE, answer, language) or "")
    assert answered("Sorry, that cannot be done.", answer, language) is None


@pytest.mark.parametrize(
    "answer",
    [
        f"text: {GOOD}", f"{GOOD} old_translation", f"**{GOOD}**", f"**{GOOD}", '{"text": "' + GOOD + '"}',
        "你好，作为一个AI语言模型，我无法翻译这段话。",
    ],
)  # fmt: skip
def test_what_is_of_the_prompt_or_of_the_model_itself_is_no_translation(answer: str) -> None:
    assert "holds what the segment does not" in (answered(SOURCE, answer, "zh") or "")


def test_a_book_may_speak_of_language_models() -> None:
    source = "As an AI language model, it keeps the old_text in its **memory**."
    assert answered(source, "作为一个AI语言模型，它把old_text保存在**记忆**中。", "zh") is None
    assert answered("**Note the layer that is hidden here.**", "**请注意这里的隐藏层。**", "zh") is None


def test_simplified_and_traditional_characters_are_two_languages() -> None:
    simplified, traditional = "这个模型的隐藏层很大，我们来训练它。", "這個模型的隱藏層很大，我們來訓練它。"
    source = "The hidden layer of the model is large, so we train it."
    assert answered(source, simplified, "zh") is None
    assert answered(source, traditional, "zh-TW") is None
    assert "its other characters: " in (answered(source, traditional, "zh") or "")
    assert "its other characters: " in (answered(source, simplified, "zh-TW") or "")


@pytest.mark.parametrize(("language", "quotes"), QUOTED.items())
def test_quotation_marks_around_the_answer(language: str, quotes: str) -> None:
    answer = TRANSLATED[language]
    for opening, closing in ((quotes[0], quotes[1]), ('"', '"')):
        fault = "the answer is in quotation marks, which the segment is not"
        assert answered(SOURCE, opening + answer + closing, language) == fault
        assert answered(f"“{SOURCE}”", opening + answer + closing, language) is None


@pytest.mark.parametrize(
    ("language", "source", "answer"),
    [
        ("fr", "Note: the layer is large.", "Note : la couche est grande."),
        ("fr", "Remark: the layer is large.", "Note : la couche est grande."),
        ("zh", "Note that the layer is large.", "注：该层很大。"),
        ("de", "Hint: the layer is large.", "Hinweis: Die Schicht ist groß."),
        ("zh", "Translation: moving all pixels.", "翻译：移动所有像素。"),
        ("de", "Machine translation: an overview", "Maschinelle Übersetzung: ein Überblick"),
        ("zh", "The following is an example of machine translation:", "以下是机器翻译的例子："),
        ("zh", "Here are the results:", "以下是结果："),
        ("pl", "The world around it has two parts", "Otoczenie ma dwie części: jedną i drugą"),
        ("es", "It is large (note: the other one is not).", "Es grande (nota: el otro no lo es)."),
        ("zh", "the “local” and the “global” one", "“局部”和“全局”"),
        ("zh", 'the "local" and the "global" one', '"局部"和"全局"'),
        ("de", "local and global", "„lokal“ und „global“"),
        ("de", 'the "local" and the "global"', '"lokal" und "global"'),
        ("ja", "*Dropout*", "「ドロップアウト」"),
        ("fr", "It holds that the layer is large", "On a : la couche est grande"),
        ("zh", "It is called dropout.", "它被称为暂退法（dropout）。"),
        ("ko", "English and Korean: two languages", "English: 영어, 한국어"),
    ],
)
def test_what_only_looks_like_commentary(language: str, source: str, answer: str) -> None:
    assert answered(source, answer, language) is None


@pytest.mark.parametrize(
    "piece", ["「", "“a", '"a ', "(注 ", "(Note ", "note ", ". note ", "the ", "翻译", "（“", "* "]
)
def test_an_answer_is_judged_in_linear_time(piece: str) -> None:
    hostile = piece * (200_000 // len(piece))
    began = time.perf_counter()
    answered(f"{hostile} x", f"大 {hostile}大", "zh")
    assert time.perf_counter() - began < 10


# Edits.


def test_an_edit_changes_what_changed() -> None:
    source = "The hidden layer of the model is large, and so it takes a long time to train it on one GPU."
    previous = (source.replace("large", "huge"), "模型的隐藏层十分巨大，因此在一个GPU上训练它需要很长时间。")
    edit = Material(source, ("en", "zh"), previous=previous)
    changed = "模型的隐藏层很大，因此在一个GPU上训练它需要很长时间。"
    assert judged(changed, edit) == changed
    another = "中间有许多神经元的网络通常只有借助昂贵硬件才能学会识别图像中的物体。"
    with pytest.raises(Fault, match="changes more of the old translation"):
        judged(another, edit)
    # What was left in English, or says something else altogether, holds nothing to keep.
    assert judged(another, replace(edit, previous=(previous[0], previous[0]))) == another
    assert judged(another, replace(edit, previous=("Why this is so we will see in another chapter.", previous[1])))


def test_a_short_sentence_may_be_turned_around() -> None:
    edit = Material(
        "You should not use dropout.", ("en", "zh"), previous=("You should use dropout.", "建议采用Dropout技术。")
    )
    assert judged("你不应该使用暂退法。", edit) == "你不应该使用暂退法。"


def edits(replay: Replay) -> Iterator[tuple[Material, str]]:
    """What an engine is asked to edit in a replay, and what the translators made of it."""
    units = units_of(replay.old_source, replay.old_target, replay.language, replay.section)
    lexicon = Lexicon.learn(units, replay.language)
    plan = plan_section(replay.old_source, replay.new_source, replay.old_target, replay.language, lexicon)
    merged = units_of(replay.new_source, replay.reference, replay.language, replay.section)
    answers = {unit.source: unit.target for unit in merged}
    for request in plan.requests:
        if request.previous is not None and request.source in answers:
            yield (
                Material(request.source, ("en", replay.language), previous=request.previous),
                answers[request.source],
            )


def test_what_translators_made_of_an_edit_is_believed(d2l: Path) -> None:
    found = [edit for replay in read_replays(d2l / "replays") for edit in edits(replay)]
    refused = []
    for material, answer in found:
        try:
            judged(masked_like(answer, material.source), material, usual=None)
        except Fault as fault:
            if "changes more" in str(fault):
                refused.append((material, answer))
    assert len(found) > 40
    assert not refused


# Real text.


@lru_cache(maxsize=4)
def known(d2l: Path, language: str) -> tuple[tuple[TranslationUnit, ...], float | None]:
    """Units with the same protected tokens on both sides, of which no side was left in English; the usual ratio."""
    units = []
    for place in pairs_in(d2l / language)[:30]:
        pair = place.read()
        units += translation_units(parse(pair.source, "en"), parse(pair.target, language), origin=place.path)
    good = (
        unit
        for unit in units
        if unit.confidence > 0.9
        and unit.target.casefold() != unit.source.casefold()
        and verify_tokens(unit.source, unit.target) is None
        and is_maskable(unit.source)
    )
    return tuple(good), Retriever(units, language, "en").usual_ratio


@pytest.mark.parametrize("language", ["zh", "ko"])
def test_what_translators_wrote_is_hardly_ever_refused(d2l: Path, language: str) -> None:
    """In both directions; markup that is not balanced in the book aside."""
    units, usual = known(d2l, language)
    assert len(units) > 500
    assert usual is not None
    for turned in (False, True):
        faults = []
        for unit in units:
            source, target = (unit.target, unit.source) if turned else (unit.source, unit.target)
            languages = (language, "en") if turned else ("en", language)
            try:
                judged(masked_like(target, source), Material(source, languages), usual=1 / usual if turned else usual)
            except Fault as fault:
                if "markup" not in str(fault):
                    faults.append((source, target, str(fault)))
        assert len(faults) < 0.005 * len(units), faults[:20]


@pytest.mark.parametrize("language", ["zh", "ko"])
def test_seeded_faults_are_found(d2l: Path, language: str) -> None:
    units, usual = known(d2l, language)
    long = [unit for unit in units if len(unit.source) > 40 and unit.target[:1] not in "“\"'「*"]
    plain = [unit.source for unit in long if not tokens(unit.source)]
    missed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for place, unit in enumerate(long[:800]):
        answer = masked_like(unit.target, unit.source)
        seeded = {
            "label": LABELS[language][place % len(LABELS[language])] + answer,
            "note": answer + NOTES[language],
            "quotes": f"{QUOTED[language][0]}{answer}{QUOTED[language][1]}",
            "script": f"{answer} Слой",
            "untranslated": masked_like(unit.source, unit.source),
        }
        if not tokens(unit.source):
            seeded |= {
                "English": plain[place % len(plain)],
                "nearly English": f"{plain[place % len(plain)]} {answer[:1]}",
            }
        if len(unit.source) > 150:
            seeded["cut off"] = answer[: len(answer) // 5]
        for kind, text in seeded.items():
            tried[kind] += 1
            try:
                judged(text, Material(unit.source, ("en", language)), usual=usual)
                missed[kind] += 1
            except Fault:
                pass
    assert min(tried.values()) > 50
    assert all(missed[kind] <= 0.03 * tried[kind] for kind in tried), (missed, tried)


@pytest.mark.parametrize("language", ["de", "fr", "tr", "zh", "ru"])
def test_english_sentences_are_found_out(d2l: Path, language: str) -> None:
    """Sentences that have nothing in common with the segment, so that only their own words tell."""
    units, _ = known(d2l, "zh")
    sentences = [unit.source for unit in units if not tokens(unit.source) and len(unit.source.split()) >= 8]
    missed = [
        sentence for sentence in sentences if "is not in" not in (answered("Other." * 99, sentence, language) or "")
    ]
    assert len(sentences) > 300
    assert len(missed) <= 0.03 * len(sentences), missed[:20]
