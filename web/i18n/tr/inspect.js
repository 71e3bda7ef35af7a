/** “İçine bak”, in Turkish. */

import { sentenceOf } from "../../platform/errors.js";
import { brief, count, fixed, percent } from "../format.js";

/** @type {import("../en/inspect.js").InspectTexts} */
export const inspect = {
  text: "Bakılacak metin",
  look: "Bak",
  again: "Yeniden bak",
  written: "Yazılan metin",
  validation: "Doğrulama metni",
  nothingWritten: "Model henüz bir şey yazmadı",
  noValidation: "Bu modelin öğrendiği metin burada değil",
  reading: "Model metni okuyor…",
  read: (tokens, step) => `${count(tokens)} belirteç okundu (modelin adımı: ${count(step)}).`,
  learned: (steps) => `Model o zamandan beri ${count(steps)} adım daha öğrendi.`,
  gone: "Motorda artık başka bir model var.",
  refused: (error) => `Buna bakılamadı: ${sentenceOf(error)}`,

  names: { space: "boşluk", newline: "satır sonu", tab: "sekme", return: "satır başı", unknown: "bilinmeyen" },
  quoted: (name) => `“${name}”`,
  at: (place) => `${count(place)}. belirteç`,
  passage: (from, to) => (from === to ? `${count(from)}. belirteç` : `${count(from)}–${count(to)}. belirteçler`),
  tokens: (value) => (value >= 1e6 ? "bir milyondan çok belirteç" : `${value > 1 && value < 10 ? fixed(value, 1) : count(value)} belirteç`),
  chosen: "Seçilen belirteç",
  layer: "Katman",
  head: "Baş",
  allHeads: "tümü",
  layerOf: (number) => `${number}. katman`,
  headOf: (number) => `${number}. baş`,
  equation: "Denklem",

  surprise: {
    heading: "Onu ne şaşırttı",
    about:
      "Model soldan sağa okur ve sırada gelebilecek her belirtece bir olasılık verir. Gelen belirtecin şaşırtıcılığı, olasılığının −ln değeridir: beklenenler soluk, beklenmeyenler koyudur; bütün şaşırtıcılıkların ortalaması kayıptır.",
    name: "Logitler",
    equation: "şaşırtıcılık(t) = −ln p(xₜ | x₁ … xₜ₋₁),  p = softmax(rms(x, n_f) W_head)",
    map: "Belirteç belirteç metin",
    keys: "Dokunarak ya da ok tuşlarıyla bir belirteç seçin: aşağıdaki görünümler onun hakkındadır.",
    legend: "Şaşırtıcılık (nat)",
    bands: ["beklenen", "olası", "belirsiz", "şaşırtıcı", "çok şaşırtıcı"],
    first: "İlk belirtecin öncesi olmadığı için tahmini de yoktur.",
    mean: (loss) => `Ortalama şaşırtıcılık: belirteç başına ${fixed(loss, 3)} nat; her seferinde eşit olasılıklı ${brief(Number(Math.exp(loss).toPrecision(3)))} belirteç arasından seçmek gibi.`,
    probability: (probability) => `olasılık ${percent(probability)}`,
    value: (value, words) => `şaşırtıcılık ${fixed(value, 2)} nat: ${words}`,
    entropy: (entropy) => `gelmeden önce beklenen: ${fixed(entropy, 2)} nat`,
    likeliest: "Burada en olası",
    table: "Belirteçlerin tablosu",
    columns: ["Sıra", "Belirteç", "Olasılık", "Şaşırtıcılık (nat)", "Beklenen", "En olası"],
  },

  memory: {
    heading: "Belleği neyi saklıyor",
    about:
      "Katmandaki her baş, her belirteçle biraz solan ve belirtecin yazdığını alan bir matris tutar. Çubuklar, içeriğin yaklaşık üçte birinin (1/e) kaç belirteç sonra kaldığını gösterir: kalın çubuk metnin tümü için, ince çizgi en hızlı solduran belirteçten en yavaş soldurana kadar.",
    name: "Özyinelemeli bellek (MDI, sönüm ve birikim)",
    equation: "hₜ = aₜ hₜ₋₁ + βₜ φ(kₜ) vₜᵀ,  aₜ = exp(−2 softplus(δ) σ(gₜ)),  βₜ = σ(bₜ),  φ(k) = unit(silu(k)),  rₜ = rms(silu(qₜ) hₜ)",
    decays: "Ne kadar süre hatırlıyor",
    decay: (mean, shortest, longest) => `${mean} (${shortest}–${longest})`,
    scale: (end) => `Her çubuk 1 belirteçten ${count(end)} belirtece kadar uzanır; her işaret bir öncekinin on katıdır.`,

    gates: "Belirteç belirteç kapılar",
    gatesAbout:
      "Yazma kapısı β bir belirtecin ne kadar güçlü yazıldığını, sönüm kapısı a belleğin ne kadarının olduğu gibi bırakıldığını söyler. İkisi de 0 ile 1 arasındadır; her çizgi kendi yüksekliğini doldurur, uçları yanında yazılıdır.",
    write: "yazma kapısı β",
    keep: "sönüm kapısı a",
    line: (name, low, high, here) => `${name}: ${low}–${high}, seçilen belirteçte ${here}`,

    recall: "Ne geri veriyor",
    recallAbout:
      "Belleğin seçilen belirteçte verdiği, o ana kadarki her belirteç için bir terimi olan bir toplamdır. Pay, terimin bu toplam doğrultusundaki bölümüdür: paylar toplamda %100 eder; sıfırın altındaki bir pay ters yöne çeker.",
    shares: "Okunanın payları",
    others: "ötekilerin toplamı",
    total: (sum) => `Bütün payların toplamı: ${sum}.`,
    nothing: "Burada bellekten bir şey okunmuyor.",

    written: "Belirteç ne yazıyor",
    columns: ["Baş", "Yazma kapısı β", "Uzunluk", "Kalıcılık", "Metin sonunda kalan"],
    beyond: "metnin ötesine",
  },

  attention: {
    heading: "Nereye dikkat ediyor",
    about:
      "Bir belirteç, belleğinin yanında en yakın belirteçlere tek tek, daha eski bölümlere ise yuvalar aracılığıyla bakar: 1. düzey bir belirteç bloğunu, her üst düzey altındakinin birkaç yuvasını özetler. Tek bir softmax hepsini kapsar; bu yüzden ağırlıklar toplamda %100 eder.",
    name: "Uzun süreli bellek (HDS, yuvalar hiyerarşisi)",
    equation: "ctxₜ = Σⱼ wⱼ vⱼ,  w = softmax(η qₜ·kⱼ + düzey sapması),  j: t'nin gördüğü belirteçler ve yuvalar",
    levels: "Düzeylere dağılımı",
    ownLevel: "Belirteçler",
    level: (level) => `${level}. düzey`,
    unreached: "henüz boş",
    slots: "Yuvalar ve özetledikleri bölümler",
    slotsAbout: "Bir yuvanın bölümünü metinde görmek için onu seçin.",
    noSlots: "Buradan henüz hiçbir yuva görünmüyor: erişimde yalnızca belirteçler var.",
    shaded: "Belirtecin gördüğü metin",
    lengths: (memory, attention) => `Bu katmanda özyinelemeli bellek ${memory}, dikkat ${attention} uzunluğunda bir vektör verir; ikisi toplanır.`,
  },

  attentionOnly: {
    about: "GPT'nin belleği yoktur: bir belirteç, kendisi dahil penceresindeki her belirtece tek tek bakar; pencereden öncesi unutulur. Tek bir softmax'ın ağırlıkları %100'e tamamlanır.",
    name: "GPT'nin dikkati",
    equation: "ctxₜ = Σⱼ wⱼ vⱼ,  w = softmax(qₜ·kⱼ / √d),  j: penceredeki t'ye kadar olan belirteçler",
  },

  off: {
    heading: "Her parçanın değeri",
    about:
      "Metin, modelin bir parçası tüm katmanlarda kapalıyken bir kez daha okunur ve kayıp karşılaştırılır. Yokluğunda kaybı çok artıran bir parça, modelin bu metinde dayandığı bir parçadır.",
    name: "Blok, çıkış",
    equation: "x ← x + ((r + ctx) ⊙ silu(e)) W_o,  kapalı: r = 0; ya da bir düzey için veya t dışındaki her belirteç için w = 0",
    measure: "Ölç",
    again: "Yeniden ölç",
    progress: (done, all) => `${done} / ${all} parça ölçüldü`,
    columns: ["Kapalı olan", "Kayıp", "Fark"],
    nothing: "hiçbiri",
    recurrence: "özyinelemeli bellek",
    ownLevel: "penceredeki öteki belirteçler",
    level: (level) => `belleğin ${level}. düzeyi`,
    oneToken: "Tek bir belirtecin karşılaştırılacak kaybı yoktur.",
    difference: (value) => `${value < 0 ? "−" : "+"}${fixed(Math.abs(value), 4)}`,
  },
};
