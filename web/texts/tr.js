/** The page in Turkish. Values that are put into a sentence take no suffix: vowel harmony would depend on the value. */

import { clauseOf, messageOf, sentenceOf } from "../errors.js";
import { about, bytes, count, duration, fixed, loss, millions, percent, speed } from "../format.js";

/** @type {import("./en.js").Texts} */
export const tr = {
  locale: "tr",

  markup: {
    title: "MM-Rec: kendi metninizle küçük bir dil modeli eğitin",
    description: "Kendi metninizle, doğrudan tarayıcıda küçük bir dil modeli eğitin. Hiçbir şey bilgisayarınızdan dışarı çıkmaz.",
    skip: "Eğitime geç",
    tagline: "Kendi metninizle, doğrudan tarayıcıda küçük bir dil modeli eğitin. Hiçbir şey bilgisayarınızdan dışarı çıkmaz.",
    device: "Cihaz",
    automatic: "Otomatik",
    language: "Dil",
    loadingEngine: "Motor yükleniyor…",

    text: "Metin",
    files: "Metin dosyaları",
    paste: "Yapıştır",
    sample: "Örnek",
    size: "Boyut",
    characters: "Karakter",
    vocabulary: "Sözlük",
    preview: "Metnin önizlemesi",
    pasteHeading: "Metin yapıştırın",
    useText: "Bu metni kullan",
    drop: "Metin dosyalarınızı sayfanın herhangi bir yerine bırakın",

    settings: "Ayarlar",
    model: "Model",
    steps: "Adım sayısı",
    learningRate: "Öğrenme oranı",
    context: "Bağlam",
    batch: "Yığın",
    tokenizer: "Belirteçleyici",
    byCharacter: "Karakter",
    byByte: "Bayt",
    seed: "Tohum",
    moreSettings: "Diğer ayarlar",
    dropout: "Seyreltme",
    warmup: "Isınma adımı",
    checkEvery: "Doğrulama aralığı",
    checkEveryLabel: "Kaç adımda bir doğrulama yapılacağı",
    recompute: "Daha az bellek, üçte bir daha yavaş",

    training: "Eğitim",
    controls: "Eğitim denetimleri",
    train: "Eğit",
    pause: "Duraklat",
    oneStep: "Tek adım",
    stop: "Durdur",
    loading: "Yükleniyor…",
    progress: "Tamamlanan adımlar",
    step: "Adım",
    trainLoss: "Eğitim kaybı",
    validation: "Doğrulama",
    validationLoss: "Doğrulama kaybı",
    best: "En iyi",
    speed: "Belirteç/sn",
    timeLeft: "Kalan süre",

    loss: "Kayıp",
    keyTrain: "eğitim",
    keyValidation: "doğrulama",
    keyUniform: "rastgele",
    lossChart: "Adımlara göre kayıp",
    tokensPerSecond: "Saniyedeki belirteç",
    learningRateChart: "Adımlara göre öğrenme oranı",
    speedChart: "Adımlara göre saniyedeki belirteç sayısı",
    chartEmpty: "“Eğit” düğmesine basın: ilk kayıp birkaç saniye içinde görünür.",
    noSteps: "Henüz adım yok.",
    numbers: "Sayılar",
    curveTable: "Eğrinin tablosu",

    kept: "Saklanan çalışma",
    continue: "Devam et",
    discard: "Sil",
    save: "Denetim noktasını kaydet",
    load: "Denetim noktası yükle",
    checkpointFile: "Denetim noktası dosyası",
    oneFile: "Bu sayfa ve komut satırı aynı dosyayı kullanır.",
    replaceHeading: "Çalışmanın yerine yenisi geçsin mi?",
    replace: "Yenisi geçsin",
    saveFirst: "Önce denetim noktasını kaydet",
    cancel: "Vazgeç",
    grow: "Büyüt",
    moreSteps: "Ek adım",

    write: "Yazı",
    prompt: "İstem",
    generate: "Üret",
    stopWriting: "Yazmayı durdur",
    copy: "Kopyala",
    howItWrites: "Yazma ayarları",
    length: "Uzunluk",
    temperature: "Sıcaklık",
    topK: "Top-k",
    topP: "Top-p",
    seedForWriting: "Yazma tohumu",
    topHint: "Top-k 0 ve top-p 1 iken bu sınırlar kapalıdır.",
    written: "Yazılan metin",
    writtenEmpty: "Modelin yazdıkları burada görünür.",

    samples: "Eğitim sırasında örnekler",
    samplePrompt: "Örneklerin istemi",
    sampleEvery: "Her",
    sampleEverySteps: "adımda bir",
    sampleEveryLabel: "Kaç adımda bir örnek yazılacağı, 0: hiç",
    sampleList: "Örnekler",
    sampleEmpty: "Model belirli aralıklarla birkaç satır yazar; böylece öğrenmesini izleyebilirsiniz.",

    inside: "İçine bak",
    insideHint: "Belirteç belirteç: ne bekledi, ne hatırlıyor, nereye bakıyor",
  },

  none: "–",
  notANumber: "sayı değil",
  units: {
    million: (value) => `${value} milyon`,
    billion: (value) => `${value} milyar`,
    percent: (value) => `%${value}`,
    bytes: (value) => `${value} bayt`,
    second: "sn",
    minute: "dk",
    hour: "sa",
    days: "gün",
  },
  about: {
    few: "birkaç saniye",
    inSeconds: (value) => `yaklaşık ${value} saniye`,
    inMinutes: (value) => `yaklaşık ${value} dakika`,
    inHours: (value) => `yaklaşık ${value} saat`,
    inDays: (value) => `yaklaşık ${value} gün`,
  },

  missing: {
    wasm: "Bu tarayıcıda, eğitimi yapan WebAssembly yok. Güncel bir Chrome, Edge, Firefox veya Safari kullanın.",
    simd: "Bu tarayıcının WebAssembly desteğinde, eğitimin gerektirdiği SIMD yok. Güncel bir Chrome, Edge, Firefox veya Safari (16.4 ya da daha yeni) kullanın.",
    secure: "Bu sayfayı https üzerinden (veya localhost adresinden) açın: tarayıcılar sayfanın gerek duyduğu özellikleri başka adreslerde kapatır.",
  },

  languageFailed: () => ({ what: "Öteki dil yüklenemedi.", remedy: "Bağlantıyı denetleyip dili yeniden seçin." }),
  dismiss: "Kapat",

  pastedName: "Yapıştırılan metin",
  sampleName: "Hazır örnek metin",

  severalFiles: (first, others) => `${first} ve ${others} dosya daha`,

  tooLarge: (size, limit) => ({
    what: `Metin yüklenmedi: boyutu ${bytes(size)}, sayfanın sınırı ise ${bytes(limit)}.`,
    remedy: "Metnin daha küçük bir bölümünü seçin ya da böyle bir sınırı olmayan komut satırı programıyla eğitin.",
  }),

  emptyText: () => ({
    what: "Metin yüklenmedi: boş.",
    remedy: "İçinde metin olan bir dosya seçin; başlangıç için birkaç bin karakter yeter.",
  }),

  textRefused: (error) => ({
    what: `Metin yüklenmedi: ${sentenceOf(error)}`,
    remedy: "Önceki metin yerinde duruyor.",
  }),
  acceptAnyway: "Yine de kabul et (değiştirerek)",

  notTrainable: (error) => `Eğitim başlayamaz: ${sentenceOf(error)}`,

  downloading: (done, total) => `Tiny Shakespeare indiriliyor: ${percent(Math.min(1, done / total))}`,

  downloadFailed: (error) => ({
    what: `Tiny Shakespeare yüklenmedi: raw.githubusercontent.com adresinden indirilemedi (${messageOf(error)}).`,
    remedy: "Bağlantıyı denetleyip yeniden deneyin ya da dosyayı kendiniz indirip “Metin dosyaları” ile seçin.",
  }),
  wrongSum: "gelen dosya bilinen dosya değil: SHA-256 özeti farklı",
  serverAnswered: (status) => `sunucunun yanıtı: ${status}`,

  readingText: "Metin okunuyor…",

  split: (info) =>
    `Eğitim için ${count(info.train_tokens)} belirteç, doğrulama için ${count(info.val_tokens)} belirteç (${percent(info.val_fraction)}, metnin sonu)`,

  estimate: (parameters, seconds, device) =>
    `${millions(parameters)} parametre · ${device}: ${seconds === null ? "hız ölçülüyor…" : about(seconds)}`,

  settingsRefused: (error) => `Ayarlar uygun değil: ${sentenceOf(error)}`,
  lockedWhileRunning: "Metni veya ayarları değiştirmek için çalışmayı durdurun; adım sayısı her zaman değişebilir.",
  stepsOfGrown: (began) => `Adım sayısı tüm adımları kapsar (model büyümeden önce: ${count(began)}).`,

  device(name, why) {
    // The engine names itself in English.
    const named = name.replace(/(\d+) threads?/, "$1 iş parçacığı");
    return why ? `${named}; ${why}` : named;
  },

  why: {
    chosen: () => "sizin seçiminiz",
    onlyCpu: () => "burada WebGPU yok",
    measuring: () => "WebGPU ölçülüyor…",
    failed: () => "WebGPU çalışmadı",
    software: () => "buradaki tek WebGPU bağdaştırıcısı yazılımsal",
    cpuFaster: ({ cpu, gpu }) => `ölçümde daha hızlı: saniyede ${speed(cpu)} belirteç, WebGPU ile ${speed(gpu)}`,
    gpuFaster: ({ cpu, gpu }) => `ölçümde daha hızlı: saniyede ${speed(gpu)} belirteç, CPU ile ${speed(cpu)}`,
  },

  fellBack: (reason, step) => ({
    what: `WebGPU çalışmaz oldu (${clauseOf(reason)}).`,
    remedy: step === null ? "Sayfa CPU ile sürüyor." : `Çalışma CPU ile sürüyor (adım ${count(step)}).`,
  }),

  restarted: (reason, step) => ({
    what: `Motor durdu (${clauseOf(reason)}).`,
    remedy: step === null ? "Yeniden başlatıldı." : `Yeniden başlatıldı (adım ${count(step)}); sürdürmek için “Sürdür” düğmesine basın.`,
  }),

  engineDead: (error) => ({
    what: `Motor başlatılamadı: ${sentenceOf(error)}`,
    remedy: "Sayfayı yeniden yükleyin. Yine olursa güncel bir Chrome, Edge, Firefox veya Safari deneyin.",
  }),

  worker: {
    garbled: "arka plan işleminin bir iletisi okunamadı",
    notLoaded: "arka plan işlemi yüklenemedi",
    silent: (seconds) => `${seconds} saniyedir yaşam belirtisi yok`,
  },

  resume: "Sürdür",
  phases: {
    starting: "Başlatılıyor…",
    ready: "Hazır",
    running: "Eğitim sürüyor",
    paused: "Duraklatıldı",
    ended: "Bitti",
  },
  trainingOn: (device) => `Eğitim sürüyor (${device})`,

  preparing: (programs, seconds) => `GPU ilk adıma hazırlanıyor: ${programs} program derlendi, ${duration(seconds)}`,

  evaluating: (done, total) => `Doğrulama metniyle sınanıyor: ${done} / ${total}`,

  verdicts: {
    stopped: "Durduruldu.",
    steps: "Planlanan tüm adımlar tamamlandı.",
    plateau: "Erken bitti: doğrulama kaybı artık düşmüyor.",
    not_finite: "Bitti: kayıp artık bir sayı değil.",
    opened: "Yazmak için açıldı.",
  },

  notFinite: (message) => ({ what: `Eğitim bitti: ${sentenceOf(message)}`, remedy: "Saklanan duruma yazdırabilir, onu kaydedebilir ya da başka ayarlarla yeniden eğitebilirsiniz." }),

  summary({ step, planned, growths, loss: train, validation, best, uniform }) {
    if (train === null) return `Henüz adım yok; rastgele tahminin kaybı ${loss(uniform)} olurdu.`;
    const parts = [`Adım ${count(step)} / ${count(planned)}: eğitim kaybı ${loss(train)}`];
    if (validation !== null) parts.push(`doğrulama kaybı ${loss(validation)}`);
    if (best) parts.push(`en iyi ${loss(best.loss)} (adım ${count(best.step)})`);
    parts.push(`rastgele tahmin ${loss(uniform)}`);
    const grew = growths.map((growth) => ` Model, adım ${count(growth.step)} sonrasında büyüdü (önceki boyut: ${millions(growth.parameters)} parametre).`);
    return `${parts.join(", ")} (${judge(validation ?? train, uniform)}).${grew.join("")}`;
  },

  trainingFailed: (error) => ({
    what: `Eğitim durdu: ${sentenceOf(error)}`,
    remedy: "Son durumdan yeniden denemek için “Sürdür” düğmesine basın ya da durdurup ayarları değiştirin.",
  }),

  failed: {
    saving: (error) => ({ what: `Denetim noktası kaydedilemedi: ${sentenceOf(error)}`, remedy: "" }),
    writing: (error) => ({ what: `Yazma başarısız oldu: ${sentenceOf(error)}`, remedy: "" }),
    settings: (error) => ({ what: `Ayarlar değiştirilemedi: ${sentenceOf(error)}`, remedy: "" }),
    samples: (error) => ({ what: `Örnek ayarları değiştirilemedi: ${sentenceOf(error)}`, remedy: "" }),
    device: (device, error) => ({ what: `Cihaz değiştirilemedi (${device}): ${sentenceOf(error)}`, remedy: "" }),
  },

  replaceQuestion: (step, value) =>
    `Sayfada aynı anda tek bir çalışma durur. Şimdiki çalışma (adım ${count(step)}${value === null ? "" : `, kayıp ${loss(value)}`}) silinecek.`,

  atStep: (step) => `adım ${count(step)}`,
  readings: { train: "eğitim", validation: "doğrulama" },
  grewMark: "büyüdü",
  grewRow: ({ parameters }) => `Model burada büyüdü (önceki boyut: ${millions(parameters)} parametre)`,
  sampleLabel: (step) => `Adım ${count(step)}`,

  growTo: (stage) => `Büyüt: ${stage}`,

  growHint: (parameters) =>
    `Daha büyük model (${millions(parameters)} parametre) işe tam olarak bu modelin bildikleriyle başlar ve daha fazla kapasiteyle öğrenmeyi sürdürür.`,

  growQuestion: (step) =>
    `Daha büyük model işe tam olarak bu modelin bildikleriyle başlar, eğrisi de kaldığı yerden sürer (adım ${count(step)}). Bu modelin yerini alır: ikisi de kalsın isterseniz önce bunu kaydedin. Büyütülmüş bir model, yeni bir modelden daha düşük bir öğrenme oranı ister.`,

  grown: ({ stage, step, parameters }) => ({
    what: `Model büyüdü (${stage ?? "daha büyük bir boyut"}, ${millions(parameters)} parametre) ve önceki bilgisini korudu (adım ${count(step)}).`,
    remedy: "Eğitimi sürdürmek için “Sürdür” düğmesine basın.",
  }),

  growthFailed: (error) => ({
    what: `Model büyümedi: ${sentenceOf(error)}`,
    remedy: "Model eskisi gibi; eğitimi sürdürmek için “Sürdür” düğmesine basın.",
  }),

  insideFailed: "“İçine bak” yüklenemedi. Bağlantıyı denetleyip sayfayı yeniden yükleyin.",

  keptRun: (run) =>
    `Burada bir çalışma saklanıyor: adım ${count(run.step)} / ${count(run.planned)}${run.loss === null ? "" : `, kayıp ${loss(run.loss)}`}, metin: “${run.name}”.`,

  olderState: (step) => ({
    what: "Saklanan en yeni durum bozulmuş.",
    remedy: `Çalışma bir önceki durumdan sürüyor (adım ${count(step)}).`,
  }),

  keptUnreadable: (error) => ({
    what: `Saklanan çalışma açılamadı: ${sentenceOf(error)}`,
    remedy: "“Sil” onu kaldırır; bunun yerine dosyaya kaydettiğiniz bir denetim noktasını yükleyebilirsiniz.",
  }),
  keptTextGone: "metni artık yerinde değil",
  keptStateGone: "durumu artık yerinde değil",

  notKept: (error) => ({
    what: `Çalışma bu tarayıcıda saklanamadı: ${sentenceOf(error)}`,
    remedy: "Eğitim sürüyor. Diskte yer açın ya da ayrılmadan önce denetim noktasını bir dosyaya kaydedin.",
  }),

  memoryOnly: () => ({
    what: "Bu tarayıcı sayfanın bir şey saklamasına izin vermiyor (gizli pencere ya da engellenmiş site verileri).",
    remedy: "Her şey çalışır, ama ayrılmadan önce denetim noktasını bir dosyaya kaydedin.",
  }),

  otherTab: () => ({
    what: "Sayfa başka bir sekmede açık; çalışmayı bu tarayıcıda o sekme saklıyor.",
    remedy: "Burada da her şey çalışır, ama bu sekmeden ayrılmadan önce denetim noktasını bir dosyaya kaydedin.",
  }),

  checkpointRefused: (error, name) => ({
    what: `“${name}” açılmadı: ${sentenceOf(error)}`,
    remedy: "Bu sayfanın ya da mmrec programının kaydettiği bir .safetensors dosyası seçin.",
  }),

  loadedToTrain: (file, info) => ({
    what: `“${file}” yüklendi (adım ${count(info.step)}); şimdiki metinle eğitilmiş.`,
    remedy: "Eğitimi sürdürmek için “Sürdür” düğmesine basın ya da modele yazdırın.",
  }),

  loadedToWrite: (file, info) => ({
    what: `“${file}” başka bir metinle${info.data_name ? ` (“${info.data_name}”)` : ""} eğitilmiş; bu yüzden yalnızca yazmak için açıldı.`,
    remedy: "Eğitimi sürdürmek için önce metnini, sonra denetim noktasını yeniden yükleyin.",
  }),

  unusable: {
    starting: "Motor hâlâ yükleniyor",
    running: "Bir çalışma sürüyor",
    notRunning: "Duraklatılacak çalışma yok",
    noRun: "Durdurulacak bir şey yok",
    noModel: "Önce bir model eğitin ya da yükleyin",
    allDone: "Planlanan tüm adımlar tamamlandı; devam etmek için adım sayısını artırın",
    otherText: "Bu model başka bir metinle eğitilmiş",
    noSteps: "Çalışma kendi kendine sürerken olmaz",
    pauseFirst: "Önce çalışmayı duraklatın",
    untrained: "Önce modeli biraz eğitin",
  },
};

/**
 * @param {number} value
 * @param {number} uniform
 */
function judge(value, uniform) {
  const better = Math.exp(uniform - value);
  return better < 1.05 ? "henüz rastgele tahminden iyi değil" : `rastgele tahminden ${better < 10 ? fixed(better, 1) : count(better)} kat iyi`;
}
