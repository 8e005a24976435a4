"""Words that tell an answer from a translation, apart by `|`.

Those by which models speak of their answer are in the languages that they answer in, and say something only together
with what a segment lacks: see `sync.engines.adaptive.commentary`. For the others see `sync.engines.adaptive.plausible`.
"""

from __future__ import annotations

# What "translation" and "translate" begin with.
TRANSLATION = (
    "translat|翻译|译文|翻譯|譯文|翻訳|訳文|번역|übersetz|übertragung|tradu|tradiksyon|"
    "vertal|översätt|oversæt|overset|käännös|þýðing|tłumacz|przekład|překlad|preklad|prevod|prijevod|превод|"
    "перевод|переклад|çevir|tercüme|tərcümə|tarjima|аударма|орчуулга|fordít|tõlge|tulkojum|vertim|μετάφρασ|"
    "ترجم|الترجم|ژباړه|תרגום|अनुवाद|भाषांतर|অনুবাদ|અનુવાદ|ਅਨੁਵਾਦ|மொழிபெயர்ப்பு|అనువాద|ಅನುವಾದ|വിവർത്തനം|"
    "පරිවර්තන|คำแปล|การแปล|bản dịch|terjemah|pagsasalin|tafsiri|turjum|fassara|përkthim|aistriúch|cyfieith|"
    "თარგმანი|թարգման|ትርጉም"
)
# How an answer begins that is announced, before a colon.
OPENINGS = (
    "sure|certainly|of course|okay|here's|here is|here are|here you|the answer|answer|output|explanation|as an ai|"
    "当然|好的|以下是|这是|答案|當然|以下為|這是|もちろん|はい、|以下は|以下が|こちらが|물론|네,|다음은|알겠습니다|"
    "natürlich|gerne|hier ist|hier die|bien sûr|voici|d'accord|claro|por supuesto|aquí está|aquí tiene|aqui está|"
    "certo|certamente|ecco|natuurlijk|hier is|tabii|elbette|işte|cevap|конечно|вот|ответ|звичайно|ось|oczywiście|oto|"
    "samozřejmě|zde je|självklart|här är|selvfølgelig|her er|tässä on|sigur|iată|tentu|berikut|chắc chắn|dưới đây là|"
    "đây là|بالتأكيد|بالطبع|إليك|البته|בטח|הנה|ज़रूर|यहाँ|แน่นอน|นี่คือ|βεβαίως|ορίστε"
)
# What a model calls itself, where it should have translated.
MACHINES = (
    "ai language model|language model, i|ai语言模型|人工智能语言模型|人工智能助手|语言模型，我|"
    "ai語言模型|ai言語モデル|言語モデルとして|ai 언어 모델|"
    "언어 모델로서|ki-sprachmodell|als sprachmodell|modèle de langage|modelo de lenguaje|modelo de linguagem|"
    "modello linguistico|taalmodel|yapay zeka dil modeli|dil modeli olarak|языковая модель|мовна модель|model językowy"
)
# What a source speaks of, whose translation may speak of it, too.
MODELS = "language model|assistant|chatbot|\\bai\\b|语言模型|語言模型|言語モデル|언어 모델|人工智能|助手"
# What a prompt names its parts.
PARTS = "old_translation|old_text|terminology"
# How an answer begins that is none.
APOLOGIES = (
    "i'm sorry|i’m sorry|i am sorry|as an ai|i can't translate|i cannot translate|i can't help|"
    "i cannot help|i can't assist|i cannot assist|抱歉|对不起|對不起|很抱歉|申し訳|すみません|죄송|"
    "tut mir leid|es tut mir leid|désolé|je suis désolé|lo siento|desculpe|sinto muito|mi dispiace|het spijt me|"
    "üzgünüm|maalesef|извините|к сожалению|вибачте|przykro mi|przepraszam|maaf|xin lỗi|عذرا|عذرًا|آسف|متأسف|מצטער|"
    "क्षमा करें|ขออภัย|λυπάμαι"
)
# What a note is called, before a colon.
NOTES = (
    "note|notes|translator's note|translation note|remark|explanation|comment|hint|tip|warning|caution|important|n.b.|"
    "注|译注|译者注|注释|备注|说明|譯注|譯註|"
    "譯者註|註|備註|說明|訳注|訳者注|注記|備考|補足|주|역주|역자 주|참고|비고|anmerkung|anm.|hinweis|erläuterung|"
    "anmerkung des übersetzers|anm. d. ü.|remarque|note du traducteur|ndt|n.d.t.|nota|nota del traductor|n. del t.|"
    "nota do tradutor|n. do t.|nota del traduttore|observação|observación|notă|opmerking|noot|anmärkning|anm|bemærk|"
    "merknad|huomautus|huom|uwaga|przyp. tłum.|poznámka|opomba|napomena|напомена|бележка|примечание|прим. перев.|"
    "примітка|not|çevirmenin notu|çevirmen notu|ç.n.|açıklama|megjegyzés|märkus|piezīme|pastaba|σημείωση|"
    "ملاحظة|ملحوظة|توضیح|یادداشت|نوٹ|הערה|टिप्पणी|नोट|टीप|টীকা|নোট|નોંધ|ਨੋਟ|குறிப்பு|గమనిక|ಟಿಪ್ಪಣಿ|കുറിപ്പ്|සටහන|"
    "หมายเหตุ|ghi chú|chú thích|lưu ý|catatan|nota penterjemah|tandaan|opmerking van de vertaler|შენიშვნა|ծանոթություն"
)
# Names of languages in themselves, as labels; those in English are known to `sync.languages`.
NAMES = (
    "中文|简体中文|繁體中文|日本語|한국어|deutsch|französisch|français|español|português|italiano|nederlands|türkçe|русский|"
    "українська|polski|čeština|svenska|العربية|فارسی|עברית|हिन्दी|हिंदी|ไทย|tiếng việt|bahasa indonesia|ελληνικά"
)
# Words that hardly an English sentence does without, and that no other language has …
ENGLISH_ALONE = (
    "the|and|that|this|these|those|with|which|from|been|were|you|they|our|your|their|would|should|could|might|when|where|"
    "what|how|why|while|because|there|into|each|such|between|about|using|only|some|any|other|many|same|first|both|every|"
    "must|used|however|without|through|before|after|its"
)
# … and those that are words elsewhere, too: Dutch has "is", "of" and "we", Portuguese "as" and "no".
ENGLISH_AND_OTHER = (
    "a|all|also|an|are|as|at|be|but|by|can|does|for|had|has|have|if|in|is|it|more|most|no|not|of|on|one|or|over|so|than|"
    "then|to|under|us|use|was|we|will"
)
# Words between names.
JOINING = "and|or|et|al|und|y|e|i|och|og|en|ve|van|von|de|der|la|le"
# Characters of which a text in simplified ones has the first of each pair, and one in traditional ones the second.
SIMPLIFIED_TRADITIONAL = (
    "这這个個们們来來时時会會对對说說为為学學国國发發过過与與应應从從实實际際还還点點体體关關变變数數据據网網络絡图圖"
    "样樣经經验驗证證训訓练練测測试試结結计計单單双雙层層级級类類别別问問题題现現观觀动動态態权權损損参參递遞归歸输輸"
    "维維张張积積内內间間简簡标標签籤设設备備处處执執读讀写寫听聽见見认認让讓给給长長东東车車门門钟鐘开開总總万萬业業"
    "专專书書买買产產亲親仅僅价價优優传傳决決况況净淨办辦务務劳勞势勢华華协協卖賣卫衛历歷压壓县縣响響员員园園圆圓场場"
    "块塊坏壞声聲够夠头頭奖獎妇婦孙孫宁寧宽寬导導将將尽盡岁歲带帶帮幫庆慶库庫废廢异異弃棄弹彈"
)
