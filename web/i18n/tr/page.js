/** The page in Turkish. Values that are put into a sentence take no suffix: vowel harmony would depend on the value. */

import { clauseOf, messageOf, sentenceOf } from "../../platform/errors.js";
import { about, brief, bytes, clock, compact, count, duration, fixed, isolated, listOf, loss, millions, percent, power, quoted, rate, speed, sumOf, visible } from "../format.js";

/** @type {import("../en/page.js").Texts} */
export const page = {
  locale: "tr",

  markup: {
    title: "MM-Rec: kendi metninizle küçük bir dil modeli eğitin",
    description: "Kendi metninizle, doğrudan tarayıcıda küçük bir dil modeli eğitin. Hiçbir şey bilgisayarınızdan dışarı çıkmaz.",
    skip: "Eğitime geç",
    parts: "Sayfanın bölümleri",
    tagline: "Kendi metninizle, doğrudan tarayıcıda küçük bir dil modeli eğitin. Hiçbir şey bilgisayarınızdan dışarı çıkmaz.",
    device: "Cihaz",
    automatic: "Otomatik",
    language: "Dil",
    loadingEngine: "Motor yükleniyor…",

    text: "Metin",
    files: "Metin dosyaları",
    folder: "Klasör",
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
    byPiece: "Sözcük parçası",
    vocabularySize: "Sözlük",
    unitTokens: "belirteç",
    unitPassages: "parça",
    unitSteps: "adım",
    seed: "Tohum",
    moreSettings: "Diğer ayarlar",
    dropout: "Seyreltme",
    warmup: "Isınma adımı",
    checkEvery: "Doğrulama aralığı",
    checkEveryLabel: "Kaç adımda bir doğrulama yapılacağı",
    recompute: "Daha az bellek, üçte bir daha yavaş",
    gpt: "Karşılaştırmak için aynı boyda bir GPT",
    gptHint: "Belleği yoktur: her belirteç bütün bağlama bakar. İkisini de aynı metinle eğitin, çalışmaları grafiklerde üst üste koyun.",
    presets: "Hazır ayarlar",
    findRate: "Öğrenme oranı bul",

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
    whileTraining: "Eğitim sürerken",
    keepAwake: "Ekranı açık tut",
    tellMe: "Bitince haber ver",
    takeOver: "Burada devral",

    loss: "Kayıp",
    keyTrain: "eğitim",
    keyValidation: "doğrulama",
    keyUniform: "rastgele",
    lossChart: "Adımlara göre kayıp",
    tokensPerSecond: "Saniyedeki belirteç",
    learningRateChart: "Adımlara göre öğrenme oranı",
    speedChart: "Adımlara göre saniyedeki belirteç sayısı",
    gradNorm: "Gradyan normu",
    gradNormChart: "Adımlara göre gradyan normu",
    chartEmpty: "“Eğit” düğmesine basın: ilk kayıp birkaç saniye içinde görünür.",
    noSteps: "Henüz adım yok.",
    showLevels: "Çizgiler: yalnızca sayarak nereye varılır",
    takeBest: "Durdur ve en iyi adımı al",
    raiseDropout: "Sonraki çalışma için seyreltme 0,2",
    leaveAsIs: "Böyle kalsın",
    numbers: "Sayılar",
    curveTable: "Eğrinin tablosu",
    saveChart: "Bu grafiği kaydet",
    compared: "Grafiklerdeki çalışmalar",
    compareBy: "Karşılaştırma ölçüsü",
    bySteps: "Adım",
    byTokens: "Belirteç",
    byTime: "Eğitim süresi",
    byWork: "FLOP",

    kept: "Saklanan çalışma",
    continue: "Devam et",
    trainOn: "Eğitmeyi sürdür",
    notNow: "Şimdi değil",
    save: "Denetim noktasını kaydet",
    load: "Denetim noktası yükle",
    checkpointFile: "Denetim noktası dosyası",
    oneFile: "Bu sayfa ve komut satırı aynı dosyayı kullanır.",
    share: "Paylaş",
    replaceHeading: "Çalışmanın yerine yenisi geçsin mi?",
    replace: "Yenisi geçsin",
    saveFirst: "Önce denetim noktasını kaydet",
    cancel: "Vazgeç",
    grow: "Büyüt",
    moreSteps: "Ek adım",

    runs: "Çalışmalar",
    searchRuns: "Çalışmalarda ara",
    exportAll: "Hepsini dışa aktar",
    importRuns: "İçe aktar",
    runsFile: "Çalışmaların dosyası",
    makeRoom: "Yer aç",
    runsEmpty: "Eğittiğiniz her çalışma, sürdürülmek ya da karşılaştırılmak üzere burada saklanır.",
    keepForGood: "Kalıcı olarak sakla",
    roomText: "Durumları olmadan bir çalışma sürdürülemez, yazı için açılamaz, modeliyle dışa aktarılamaz. Eğrisi, ayarları ve örnekleri kalır.",
    removeStates: "Durumları kaldır",
    deleteRuns: "Sil",

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
    learnedStages: "Neler öğrendi",
    evidence: "Kanıtlar",
    sampleEmpty: "Model belirli aralıklarla birkaç satır yazar; böylece öğrenmesini izleyebilirsiniz.",

    shortcuts: "Klavye kısayolları",
    pauseOrResume: "Duraklat veya sürdür",
    thisList: "Bu liste",
    shortcutsOn: "Bu tuşlar, yazı yazdığınız yerler dışında çalışsın",
    close: "Kapat",

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
  notLoaded: (error) => ({ what: `Sayfanın bir bölümü yüklenemedi: ${sentenceOf(error)}`, remedy: "Bağlantıyı denetleyip yeniden deneyin ya da sayfayı yeniden yükleyin." }),
  dismiss: "Kapat",

  pastedName: "Yapıştırılan metin",
  sampleName: "Hazır örnek metin",

  severalFiles: (first, others) => `${first} ve ${count(others)} dosya daha`,
  wholeFolder: (folder, files) => `${folder} (${count(files)} dosya)`,

  tooLarge: (name, size, limit) => ({
    what: `${quoted(name)} yüklenmedi: boyutu ${bytes(size)}, sayfanın sınırı ise ${bytes(limit)}.`,
    remedy: "Metnin daha küçük bir bölümünü seçin ya da böyle bir sınırı olmayan komut satırı programıyla eğitin.",
  }),

  emptyText: (name) => ({
    what: `Metin yüklenmedi: boş.${name ? ` Dosya: ${quoted(name)}.` : ""}`,
    remedy: "İçinde metin olan bir dosya seçin; başlangıç için birkaç bin karakter yeter.",
  }),

  tooManyFiles: (most) => ({
    what: `Hiçbir şey yüklenmedi: ${count(most)} dosyadan fazlası var.`,
    remedy: "İçindeki bir klasörü seçin ya da böyle bir sınırı olmayan komut satırı programıyla eğitin.",
  }),

  mediaFile: "adına göre metin değil; resim, ses, film, yazı tipi ya da sıkıştırılmış dosya",
  repeatedFile: "önceki bir dosyanın metni aynı",
  hiddenFile: "adı, sistem dosyalarınınki gibi noktayla başlıyor",
  fileTooLarge: (size) => `boyutu ${bytes(size)}, sayfanın sınırını aşıyor`,
  notReadable: (error) => `okunamadı (${messageOf(error)})`,
  filesLeftOut: (left) => ({
    what: `Dışarıda bırakılan dosyalar (${count(left.length)}): ${someOf(left.map(({ name }) => name))}.`,
    remedy: `${left.length === 1 ? "Nedeni" : "İlkinin nedeni"}: ${sentenceOf(left[0]?.why)}`,
  }),
  noTextIn: (left) =>
    left.length === 0
      ? { what: "Hiçbir şey yüklenmedi: içinde hiç dosya yok.", remedy: "İçinde metin dosyaları olan bir klasör seçin." }
      : { what: `Metin bulunamadı; dışarıda bırakılanlar: ${someOf(left.map(({ name }) => name))}.`, remedy: `İlkinin nedeni: ${sentenceOf(left[0]?.why)}` },

  fileNotes(files) {
    const kinds = { html: "HTML", xml: "XML", json: "JSON", jsonlines: "JSON satırları", table: "tablo", subtitles: "altyazı", mail: "e-posta" };
    const wide = files.filter(({ encoding }) => encoding !== "utf-8");
    const replaced = files.reduce((sum, file) => sum + file.replaced, 0);
    const parts = [];
    if (wide.length > 0) parts.push(`UTF-16 olarak okundu: ${namesOf(wide)}.`);
    if (replaced > 0) parts.push(`Okunamayıp yerine “\uFFFD” konan karakter sayısı ${count(replaced)}: ${namesOf(files.filter((file) => file.replaced > 0))}.`);
    for (const [kind, name] of Object.entries(kinds)) {
      const such = files.filter(({ document }) => document === kind);
      if (such.length > 0) parts.push(`Düz metin değil (${name}); model bunun işaretlerini de öğrenir: ${namesOf(such)}.`);
    }
    return parts.join(" ");
  },

  textWhileRunning: () => ({
    what: "Bir çalışma sürdüğü için metin alınmadı.",
    remedy: "Bir çalışmanın metni değişmez. Başka bir metinle eğitmek için çalışmayı durdurun; çalışma listede kalır.",
  }),
  stopAndUse: "Çalışmayı durdur ve metni al",
  textElsewhere: () => ({
    what: "Metin alınmadı: bu sayfanın başka bir sekmesi çalışıyor.",
    remedy: "Önce “Burada devral” düğmesine basın ya da metni o sekmede seçin.",
  }),
  textWithoutEngine: () => ({ what: "Metin alınmadı: motor durdu.", remedy: "Sayfayı yeniden yükleyip metni yeniden seçin." }),
  textWaits: "Metin, motor yüklenir yüklenmez okunacak.",

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

  tokensSummary: (characters) => `Belirteçleri: 1 belirteç = ${fixed(characters, 1)} karakter`,
  tokensSpoken: (tokens) => `Metin şu ${count(tokens.length)} belirteçle başlıyor: ${tokens.map((token) => `“${token}”`).join(", ")}.`,
  makingTokens: (share) => `Metinden sözcük parçaları öğreniliyor: ${percent(share)}`,

  estimate: (parameters, seconds, device) =>
    `${millions(parameters)} parametre · ${device}: ${seconds === null ? "hız ölçülüyor…" : about(seconds)}`,

  settingsRefused: (error) => `Ayarlar uygun değil: ${sentenceOf(error)}`,
  lacksMemory: (needed, limit) =>
    `Eğitim için yaklaşık ${bytes(needed)} bellek gerekir; sayfa burada en çok ${bytes(limit)} kullanabilir. Daha küçük bir yığın, bağlam ya da model seçin.`,
  lockedWhileRunning: "Metni veya ayarları değiştirmek için çalışmayı durdurun; adım sayısı her zaman değişebilir.",
  stepsOfGrown: (began) => `Adım sayısı tüm adımları kapsar (model büyümeden önce: ${count(began)}).`,

  advice: {
    memory: () => "Şunlar sığar:",
    short: (longest) => `Metin en çok ${count(longest)} belirteçlik bir bağlama yeter.`,
    long: (seconds) => `Bu, ${about(seconds)} sürer. Daha kısası:`,
    passes: (passes) => `Model metni ${count(passes)} kez görür ve ezberler. Daha iyisi:`,
    choice({ change: { stage, steps, batch, context, dropout, recompute }, seconds, memory }) {
      const takes = seconds !== undefined ? ` (${about(seconds)})` : memory !== undefined ? ` (${bytes(memory)})` : "";
      if (stage) return `${stage} modeli${takes}`;
      if (recompute) return `Daha az bellek, üçte bir daha yavaş${takes}`;
      if (steps) return `${count(steps)} adım${takes}`;
      if (batch) return `Yığın ${count(batch)}${takes}`;
      return context ? `Bağlam ${count(context)}${takes}` : `Seyreltme ${brief(dropout ?? 0)}`;
    },
  },

  presets: {
    names: { quick: "Kısa bir bakış", good: "İyi bir küçük model", small: "Kısa bir metinden en iyisi" },
    measuring: "Hız hâlâ ölçülüyor",
    hint(purpose, steps, seconds) {
      const what = {
        quick: "En küçük model, bir dakikaya sığacak kadar adımla.",
        good: "En küçük model, sözcük ve tümcelere yetecek kadar uzun; 500 KB ya da daha uzun bir metin ister.",
        small: "Kısa metni ezberlememesi için seyreltmeli, daha büyük bir model.",
      };
      const takes = steps === null ? "" : ` ${count(steps)} adım${seconds === null ? "" : `, ${about(seconds)}`}.`;
      return what[purpose] + takes;
    },
  },

  rate: {
    intro: "Bu ayarlarla yeni bir model, kaybı bozulana kadar her biri daha yüksek bir oranla en çok yüz adım atar. Çalışmanız olduğu gibi kalır.",
    begin: "Oranları dene",
    again: "Yeniden dene",
    stop: "Denemeyi durdur",
    chart: "Öğrenme oranına göre kayıp",
    trying: (done, total, last) => (last === null ? "Yeni bir model hazırlanıyor…" : `En çok ${count(total)} orandan ${count(done)} tanesi denendi; sonuncusu: ${rate(last)}.`),
    stopped: "Bitmeden durduruldu: önerilecek bir oran yok.",
    none: "Kayıp hiçbir oranda düşmedi, bu yüzden önerilecek bir oran yok. Daha çok metin ya da daha büyük bir yığın işe yarayabilir.",
    result: ({ first, lowest, broke, suggestion }) =>
      `Başlangıçtaki kayıp ${loss(first)}, en düşük kayıp ${loss(lowest.loss)} (oran ${rate(lowest.rate)}).${broke === null ? "" : ` Başlangıçtakinden kötü olduğu ilk oran: ${rate(broke)}.`} Önerilen: ${rate(suggestion)}.`,
    use: (suggestion) => `Kullan: ${rate(suggestion)}`,
    failed: (error) => `Oranlar denenemedi: ${sentenceOf(error)}`,
  },

  loadingEngine: (share) => `Motor yükleniyor: ${percent(share)}`,

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
    unsound: () => "WebGPU burada başka sonuç veriyor",
    cpuFaster: ({ cpu, gpu }) => `ölçümde daha hızlı: saniyede ${speed(cpu)} belirteç, WebGPU ile ${speed(gpu)}`,
    gpuFaster: ({ cpu, gpu }) => `ölçümde daha hızlı: saniyede ${speed(gpu)} belirteç, CPU ile ${speed(cpu)}`,
  },

  checkingGpu: (percent) => `GPU, CPU ile karşılaştırılarak denetleniyor (bu tarayıcı için bir kez): %${percent}`,

  unsound: (reason) => ({
    what: `WebGPU'ya burada güvenilemez: CPU ile karşılaştırma tutmadı (${clauseOf(reason)}).`,
    remedy: "Sayfa CPU'yu kullanıyor. Tarayıcının, sürücüsünün ya da mmrec'in sürümü değişince yeniden denetler.",
  }),

  fellBack: (reason, step) => ({
    what: `WebGPU çalışmaz oldu (${clauseOf(reason)}).`,
    remedy: step === null ? "Sayfa CPU ile sürüyor." : `Çalışma CPU ile sürüyor (adım ${count(step)}).`,
  }),

  restarted: (reason, step, goesOn) => ({
    what: `Motor durdu (${clauseOf(reason)}).`,
    remedy:
      step === null ? "Yeniden başlatıldı." : goesOn ? `Yeniden başlatıldı; çalışma sürüyor (adım ${count(step)}).` : `Yeniden başlatıldı (adım ${count(step)}); sürdürmek için “Sürdür” düğmesine basın.`,
  }),

  outOfMemory: (step) => ({
    what: "Bu eğitim için bellek yetmedi.",
    remedy: `${step === null ? "" : `Modelin saklanan durumu: adım ${count(step)}. `}Daha küçük bir yığın ya da bağlamla, “Diğer ayarlar” altındaki daha az bellek seçeneğiyle ya da daha küçük bir modelle eğitin; başka sekmeleri kapatmak da işe yarar.`,
  }),

  notReplaced: (error) => ({
    what: `Motor durdu ve yeniden başlatılamadı: ${sentenceOf(error)}`,
    remedy: "Bağlantıyı denetleyin; bundan sonra bastığınız her düğme, örneğin “Sürdür”, onu yeniden başlatır. Çalışma, son durumuyla burada.",
  }),

  engineDead: (error) => ({
    what: `Motor başlatılamadı: ${sentenceOf(error)}`,
    remedy: "Sayfayı yeniden yükleyin. Yine olursa güncel bir Chrome, Edge, Firefox veya Safari deneyin.",
  }),

  worker: {
    garbled: "arka plan işleminin bir iletisi okunamadı",
    notLoaded: "arka plan işlemi yüklenemedi",
    ended: "arka plan işlemi sona erdi",
    silent: (seconds) => `${seconds} saniyedir yaşam belirtisi yok`,
  },

  readingPrompt: (share) => `İstem okunuyor: ${percent(share)}`,
  unknownCharacters: (unknown) =>
    `Model bu istemdeki ${count(sumOf(unknown))} karakteri göremiyor, çünkü metninde hiç geçmediler: ${someOf(unknown.map(({ character }) => visible(character)))}.`,

  resume: "Sürdür",
  phases: {
    starting: "Başlatılıyor…",
    ready: "Hazır",
    running: "Eğitim sürüyor",
    paused: "Duraklatıldı",
    ended: "Bitti",
  },
  trainsSoon: "Eğitim, motor yüklenir yüklenmez başlayacak; “Durdur” ile vazgeçebilirsiniz.",
  trainingOn: (device) => `Eğitim sürüyor (${device})`,

  preparing: (programs, seconds) => `GPU ilk adıma hazırlanıyor: ${programs} program derlendi, ${duration(seconds)}`,

  evaluating: (done, total) => `Doğrulama metniyle sınanıyor: ${done} / ${total}`,

  endReasons: {
    stopped: "Durduruldu.",
    steps: "Planlanan tüm adımlar tamamlandı.",
    plateau: "Erken bitti: doğrulama kaybı artık düşmüyor.",
    not_finite: "Bitti: kayıp artık bir sayı değil.",
    opened: "Yazmak için açıldı.",
    best: "Durduruldu; en iyi durum yerinde.",
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
    `Bu tarayıcı çalışmayı saklamıyor. Şimdiki çalışma (adım ${count(step)}${value === null ? "" : `, kayıp ${loss(value)}`}) silinecek.`,

  chartInWords: {
    lr: (last, low, high) => `Şu anda ${rate(last)}; şimdiye dek en az ${rate(low)}, en çok ${rate(high)}.`,
    speed: (last, low, high) => `Şu anda ${speed(last)}; şimdiye dek en az ${speed(low)}, en çok ${speed(high)}.`,
    "grad-norm": (last, low, high) => `Şu anda ${rate(last)}; şimdiye dek en az ${rate(low)}, en çok ${rate(high)}.`,
  },
  axes: { steps: "Adım", tokens: "Öğrenilen belirteçler", seconds: "Eğitim süresi", flops: "Kayan noktalı işlemler" },
  at: {
    steps: (value) => `adım ${count(value)}`,
    tokens: (value) => `${compact(value)} belirteç`,
    seconds: (value) => clock(value),
    flops: (value) => `${power(value)} FLOP`,
  },
  over: (what, axis) => `${{ steps: "Adımlara", tokens: "Belirteçlere", seconds: "Eğitim süresine", flops: "Kayan noktalı işlemlere" }[axis]} göre ${what.toLocaleLowerCase("tr")}`,
  readings: { train: "eğitim", validation: "doğrulama" },
  grewMark: (times) => (times === 1 ? "büyüdü" : `${count(times)} kez büyüdü`),
  grewRow: ({ parameters }) => `Model burada büyüdü (önceki boyut: ${millions(parameters)} parametre)`,
  sampleLabel: (step) => `Adım ${count(step)}`,

  levels: {
    letter: { unigram: "harf sıklıkları", bigram: "harf çiftleri", trigram: "harf üçlüleri" },
    token: { unigram: "belirteç sıklıkları", bigram: "belirteç çiftleri", trigram: "belirteç üçlüleri" },
  },
  passed: {
    letter: {
      unigram: "Harf sıklıklarının altında: en az bir önceki harfi kullanıyor.",
      bigram: "Harf çiftlerinin altında: önceki iki ya da daha çok harfi kullanıyor.",
      trigram: "Harf üçlülerinin altında: önceki üç ya da daha çok harfi kullanıyor.",
    },
    token: {
      unigram: "Belirteç sıklıklarının altında: en az bir önceki belirteci kullanıyor.",
      bigram: "Belirteç çiftlerinin altında: önceki iki ya da daha çok belirteci kullanıyor.",
      trigram: "Belirteç üçlülerinin altında: önceki üç ya da daha çok belirteci kullanıyor.",
    },
  },
  copying: (share) => `Son yazdıklarının bu kadarı eğitim metninde kelimesi kelimesine var: ${percent(share)}. Ezberden söylüyor.`,

  stages: { symbols: "işaretler", spelling: "yazım", words: "kelimeler", grammar: "dil bilgisi", meaning: "anlam" },
  stageMeans: {
    symbols: "Metnin işaretlerini yan yana koyuyor; neredeyse hiçbiri henüz bir kelime değil.",
    spelling: "Heceliyor: yazdıklarının çoğu kelimeye benziyor, bir kısmı da kelime.",
    words: "Yazdıklarının çoğu metnin kelimeleri; yan yana duranlar çoğu kez birbirine ait değil.",
    grammar: "Kelimeleri, metindekiler gibi birbirini izliyor.",
    meaning: "Bir anlamı olup olmadığını buradaki hiçbir sayı söyleyemez: okuyun. Anlam için daha büyük modeller ve daha çok metin gerekir.",
  },

  evidence: ({ shown, held, samples }) => [
    `Eğitim metninde geçen kelimeler: ${outOf(shown.words)}; ayrılan metinde ${outOf(held.words)}. Sayılan son örnekler: ${count(samples)}.`,
    `Orada da yan yana geçen kelime çiftleri: ${outOf(shown.pairs)}; ayrılan metinde ${outOf(held.pairs)}.`,
    `Eşi olan ayraçlar ve tırnaklar: ${outOf(shown.marks)}. Örneğin sonunda kesilenlerin eşi yoktur.`,
    `Büyük harfle başlayan cümleler: ${outOf(shown.sentences)}; ayrılan metinde ${outOf(held.sentences)}.`,
    `30 ya da daha uzun kopya parçalardaki karakterler: ${outOf(shown.copied)}; kimsenin kopyalamadığı ayrılan metinde ${outOf(held.copied)}.`,
    ...(shown.partial ? ["Eğitim metninin ilk 8 MB kadarıyla karşılaştırıldı."] : []),
  ],
  longestPassage: ({ characters, start }) =>
    `Eğitim metninde de bulunan en uzun parça: ${count(characters)} karakter; orada önündeki karakter sayısı: ${count(start)}.`,
  nothingCopied: "Hiçbir karakteri eğitim metninde yok.",

  overfits: (best, copied) =>
    `Metni ezberlemeye başladı: eğitim kaybı hâlâ düşüyor, ama ayrılan metindeki kayıp en düşük değerine ${count(best.step)}. adımda (${loss(best.loss)}) indi ve o zamandan beri yükseldi.${copied === null ? "" : ` Son örneklerinde kopya payı: ${percent(copied)}.`}`,
  stale: (best) => `Erken durdu: en iyi denetim ${count(best.step)}. adımdaydı (kayıp ${loss(best.loss)}); ayrılan metinde ondan sonra daha iyisi gelmedi.`,
  overfitRemedy: "Daha çok adım yardımcı olmaz. En iyi durumu alın; daha iyi bir model için daha çok metin, 0,1 ile 0,3 arası seyreltme ya da daha küçük bir boyut kullanın.",

  growTo: (stage) => `Büyüt: ${stage}`,

  growHint: (parameters) =>
    `Daha büyük model${parameters === null ? "" : ` (${millions(parameters)} parametre)`} işe tam olarak bu modelin bildikleriyle başlar ve daha fazla kapasiteyle öğrenmeyi sürdürür.`,

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

  partFailed: "Sayfanın bu bölümü yüklenemedi. Bağlantıyı denetleyip bölümü yeniden açın veya sayfayı yeniden yükleyin.",

  keptRun: (run) =>
    `Burada saklanan çalışma: ${quoted(run.name)}, adım ${count(run.step)} / ${count(run.planned)}${run.loss === null ? "" : `, kayıp ${loss(run.loss)}`}, metin: ${quoted(run.text)}.`,

  keptOver: (run) =>
    `Burada saklanan, sona ermiş çalışma: ${quoted(run.name)}, adım ${count(run.step)} / ${count(run.planned)}${run.loss === null ? "" : `, kayıp ${loss(run.loss)}`}, metin: ${quoted(run.text)}.`,

  olderState: (step) => ({
    what: "Saklanan en yeni durum bozulmuş.",
    remedy: `Çalışma bir önceki durumdan sürüyor (adım ${count(step)}).`,
  }),

  keptUnreadable: (error) => ({
    what: `Saklanan çalışma açılamadı: ${sentenceOf(error)}`,
    remedy: "Eğrisi çalışmalar listesinde kalır; bunun yerine dosyaya kaydettiğiniz bir denetim noktasını yükleyebilirsiniz.",
  }),
  draftTextLost: (name, error) => ({
    what: `Metniniz artık okunamıyor (${quoted(name)}): ${sentenceOf(error)}`,
    remedy: "Yerine hazır örnek metin kondu; metninizi yeniden seçin.",
  }),
  textless: (name, text) => ({
    what: `Çalışmanın metni artık yerinde değil (${quoted(name)}); bu yüzden yalnızca yazmak için açıldı.`,
    remedy: `Eğitmeyi sürdürmek için şu metni yeniden seçin: ${quoted(text)}. Sonra çalışmayı “Çalışmalar” bölümünden yeniden açın.`,
  }),
  keptTextGone: "metni artık yerinde değil",
  keptStateGone: "durumları artık yerinde değil",

  runsUnread: (broken) => ({
    what: `Saklanan ${count(broken)} çalışma okunamadı.`,
    remedy: "Sayfanın daha yeni bir sürümünden olabilir ya da bozulmuş olabilir. Dosyaları olduğu gibi bırakıldı.",
  }),

  diskFull: () => ({
    what: "Çalışma saklanamadı: tarayıcı sayfaya daha fazla yer vermiyor.",
    remedy: "Bu sayfa açık kaldıkça burada. “Çalışmalar” altında eski çalışmaların durumlarını kaldırın ya da ayrılmadan önce denetim noktasını bir dosyaya kaydedin.",
  }),

  runs: {
    qualities: ["ak", "altın", "berrak", "bilge", "canlı", "cesur", "çalışkan", "çevik", "dalgın", "derin", "dingin", "düzenli", "gümüş", "güneşli", "hızlı", "ılık", "ince", "karlı", "kehribar", "mavi", "mutlu", "narin", "neşeli", "parlak", "puslu", "sakin", "serin", "sessiz", "sıcak", "şen", "yeşil", "yumuşak"],
    things: ["ada", "akasya", "ardıç", "bahçe", "balıkçıl", "baykuş", "bulut", "ceviz", "çakıl", "çam", "çayır", "çınar", "değirmen", "elma", "eğrelti", "fener", "göl", "ırmak", "kavak", "kiraz", "köprü", "kuğu", "lale", "liman", "martı", "orman", "ova", "serçe", "söğüt", "şahin", "vadi", "yıldız"],

    present: "bu çalışma",
    facts: (run) =>
      [
        isolated(run.text),
        [run.model, run.parameters === null ? null : millions(run.parameters)].filter(Boolean).join(" "),
        `adım ${count(run.step)} / ${count(run.planned)}`,
        run.best === null ? "" : `en iyi ${loss(run.best)}`,
        run.date,
        run.bytes > 0 ? bytes(run.bytes) : "yalnızca eğri",
      ]
        .filter(Boolean)
        .join(" · "),
    open: "Aç",
    isOpen: "Açık",
    again: "Değiştirerek yeniden",
    saveBest: "En iyi durumu kaydet",
    remove: "Sil",
    name: "Çalışmanın adı",
    openLabel: (name) => `Aç: ${quoted(name)}`,
    more: (name) => `Diğer işlemler: ${quoted(name)}`,
    compare: (name) => `Grafiklerde göster: ${quoted(name)}`,
    stateless: "Durumları kaldırıldı",
    curveless: "Eğrisi, çalışma sürdürülünce saklanır",
    enough: (most) => `Aynı anda en çok ${count(most)} çalışma gösterilir`,
    found: (found) => `${count(found)} çalışma bulundu`,

    deleted: (names) => ({ what: names.length === 1 ? `Çalışma silindi: ${names.map(quoted)}.` : `${count(names.length)} çalışma silindi.`, remedy: "" }),
    undo: "Geri al",
    show: "Çalışmaları göster",
    failed: (error) => ({ what: `Bu işlem yapılamadı: ${sentenceOf(error)}`, remedy: "Çalışmalar olduğu gibi duruyor." }),

    allEnded: "Biten öteki çalışmaların hepsi",
    roomMade: (freed) => ({ what: `Boşalan yer: ${bytes(freed)}.`, remedy: "" }),
    storage: (runs, used, all) => `${count(runs)} çalışma: ${bytes(used)}.${all ? ` Sayfanın kullandığı yer: ${bytes(all.used)}, tarayıcının verdiği yer: ${bytes(all.available)}.` : ""}`,
    lasting: "Siz silene dek saklanırlar.",
    clearable: "Disk dolarsa tarayıcı bunları silebilir.",
    notLasting: () => ({ what: "Tarayıcı çalışmaları kalıcı olarak saklamayı kabul etmedi.", remedy: "Disk dolarsa bunları silebilir: yitirmek istemediklerinizi dışa aktarın. Kimi tarayıcılar, sayfa yer imlerine eklenince ya da kurulunca kabul eder." }),

    keys: { name: "Çalışma", best: "En iyi", steps: "Adım" },
    settings: {
      text: "Metin",
      stage: "Model",
      tokenizer: "Belirteçleyici",
      vocab: "Sözlük",
      context: "Bağlam",
      batch: "Yığın",
      steps: "Planlanan",
      lr: "Öğrenme oranı",
      seed: "Tohum",
      warmup: "Isınma",
      dropout: "Seyreltme",
      eval_every: "Doğrulama aralığı",
      recompute: "Yeniden hesaplama",
      gpt: "GPT",
      validation: "Doğrulama payı",
    },
    leftOut: (names) => `Bu bilgi kaydedilmediği için çizilmeyenler: ${names.map(quoted).join(", ")}.`,
    lines: "Noktalı kalın çizgiler doğrulama kaybı, ince çizgiler eğitim kaybıdır.",

    exporting: "Dosya hazırlanıyor…",
    tooLarge: (size, limit) => ({ what: `Dışa aktarılmadı: çalışmalar ${bytes(size)} tutuyor, tek dosyanın sınırı ise ${bytes(limit)}.`, remedy: "“Yer aç” ile kimi çalışmaların durumlarını kaldırın ya da denetim noktalarını tek tek kaydedin." }),
    exportFailed: (error) => ({ what: `Dışa aktarılmadı: ${sentenceOf(error)}`, remedy: "Çalışmalar olduğu gibi duruyor." }),
    importing: "Dosya okunuyor…",
    imported: (taken, known) => ({ what: `Alınan çalışma: ${count(taken)}.${known > 0 ? ` Zaten burada olan: ${count(known)}.` : ""}`, remedy: "" }),
    takingIn: (done, total) => `Çalışmalar alınıyor: ${count(done)} / ${count(total)}…`,
    partly: (name, problems, more, rest) => ({
      what: `${quoted(name)} dosyasından alınmayanlar: ${problems.join("; ")}${more > 0 ? `; ve ${count(more)} sorun daha` : ""}.`,
      remedy: rest ? "Geri kalanı alındı." : "Hiçbir çalışma alınmadı.",
    }),
    importFailed: (name, error) => ({ what: `${quoted(name)} içe aktarılmadı: ${sentenceOf(error)}`, remedy: "Bu sayfanın “Hepsini dışa aktar” ile yaptığı bir .zip dosyası seçin." }),
    problems: {
      manifest: (part) => `${isolated(part)} bir çalışma anlatmıyor`,
      state: (run) => `${quoted(run)}: bir durumu eksik ya da denetim noktası değil`,
      curve: (run) => `${quoted(run)}: eğrisi eksik ya da bozuk`,
      text: (run) => `${quoted(run)}: metni eksik ya da bozuk`,
      full: (run) => `${quoted(run)}: yer yok`,
    },
    noZip: "zip dosyası değil",
    noRuns: "içinde çalışma yok",
    zipTooLarge: (limit) => `içindekiler şu sınırı aşıyor: ${bytes(limit)}`,
    zipTooMany: "içinde çok fazla dosya var",
  },

  notKept: (error) => ({
    what: `Çalışma bu tarayıcıda saklanamadı: ${sentenceOf(error)}`,
    remedy: "Bu sayfa açık kaldıkça burada. Diskte yer açın ya da ayrılmadan önce denetim noktasını bir dosyaya kaydedin.",
  }),

  pageFailed: (error) => ({ what: `Sayfa başlatılamadı: ${sentenceOf(error)}`, remedy: "Yeniden yükleyin. Yine olursa başka bir tarayıcı deneyin." }),

  memoryOnly: () => ({
    what: "Bu tarayıcı sayfanın bir şey saklamasına izin vermiyor (gizli pencere ya da engellenmiş site verileri).",
    remedy: "Her şey çalışır, ama ayrılmadan önce denetim noktasını bir dosyaya kaydedin.",
  }),

  following: {
    running: "Eğitim başka bir sekmede sürüyor; bu sekme onu izliyor.",
    idle: "Sayfa başka bir sekmede açık; bu sekme onu izliyor.",
    taking: "Devralınıyor…",
    silent: "Öteki sekme yanıt vermiyor. Onu kapatın, bu sekme devralır.",
    busy: "Öteki sekme şu anda çalışmaları okuyor ya da yazıyor: bitince devralın.",
    unkept: "Öteki sekme çalışmasını bırakmadı, çünkü tarayıcıda ona yer yok: orada çalışmayı bir dosyaya kaydedin ya da yer açın, sonra yeniden devralın.",
  },
  leftUnkept: (step) => ({
    what: `Öteki sekmenin çalışması yok oldu: sekme, bu tarayıcıda ondan bir şey saklanmadan kapandı (adım ${count(step)}).`,
    remedy: "Yeniden eğitin ya da daha eski bir çalışmayı sürdürün.",
  }),
  staysHere: (steps) => ({
    what: `Bu sekme olduğu gibi kalıyor: çalışmasının ${count(steps)} adımı bu tarayıcıda saklanamadı ve kaybolurdu.`,
    remedy: "Duraklatın, denetim noktasını bir dosyaya kaydedin ya da “Çalışmalar” altında eski çalışmaların durumlarını kaldırın, sonra yeniden deneyin.",
  }),
  staysBusy: () => ({
    what: "Bu sekme olduğu gibi kalıyor: şu anda çalışmaları okuyor ya da yazıyor.",
    remedy: "Bitince yeniden deneyin.",
  }),

  titleTraining: (part, value) => `${percent(part)} · kayıp ${fixed(value, 2)} – MM-Rec`,
  screenStaysOn: "Ekran açık kalıyor.",
  screenRefused: "Tarayıcı şu anda ekranı açık tutmuyor (pil azalmış olabilir).",
  notificationsRefused: "Tarayıcı bu sayfanın bildirim göndermesine izin vermiyor; site ayarlarından izin verebilirsiniz.",
  notificationTitle: "MM-Rec: eğitim bitti",
  trainingOver: (reason, step, value) =>
    `${reason} Adım ${count(step)}${value === null ? "" : `, kayıp ${loss(value)}`}.`,
  sloweredWhileHidden: (share) => ({
    what: `Bu sekme gizliyken tarayıcı eğitimi yavaşlattı (hızın ${percent(Math.round(share * 100) / 100)} kadarı kaldı).`,
    remedy: "Tam hız için sekmeyi görünür tutun; gerekirse kendi penceresine taşıyın.",
  }),

  worksOffline: "Bu tarayıcıda saklandı: bağlantı olmadan da çalışır.",
  reloadPage: "Yeniden yükle",
  newRelease: () => ({ what: "Bu sayfanın yeni bir sürümü var.", remedy: "Uygun olduğunuzda sayfayı yeniden yükleyin." }),
  otherTabsFirst: () => ({
    what: "Yeni sürüm bekliyor, çünkü başka sekmeler hâlâ eskisini gösteriyor.",
    remedy: "Onlar kapatılıp bu sekme yeniden yüklenince gelir.",
  }),

  checkpointRefused: (error, name) => ({
    what: `${quoted(name)} açılmadı: ${sentenceOf(error)}`,
    remedy: "Bu sayfanın ya da mmrec programının kaydettiği bir .safetensors dosyası seçin.",
  }),

  loadedToTrain: (file, info, done) => ({
    what: `${quoted(file)} yüklendi (adım ${count(info.step)}); şimdiki metinle eğitilmiş.${changedSince(info)}`,
    remedy: done ? "Planlanan adımların hepsi tamamlandı: eğitimi sürdürmek için “Adım sayısı”nı artırın ya da modele yazdırın." : "Eğitimi sürdürmek için “Sürdür” düğmesine basın ya da modele yazdırın.",
  }),

  loadedToWrite: (file, info) => ({
    what: `${quoted(file)} başka bir metinle${info.data_name ? ` (${quoted(info.data_name)})` : ""} eğitilmiş; bu yüzden yalnızca yazmak için açıldı.${changedSince(info)}`,
    remedy: "Eğitimi sürdürmek için önce metnini, sonra denetim noktasını yeniden yükleyin.",
  }),

  unusable: {
    starting: "Motor hâlâ yükleniyor",
    otherTab: "Başka bir sekme çalışıyor; önce devralın",
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

/** @param {import("../../engine/engine-types.js").FileInfo[]} files */
const namesOf = (files) => someOf(files.map(({ name }) => name), quoted);

/** @param {string[]} names @param {(name: string) => string} [show] */
const someOf = (names, show) => listOf(names, (others) => `ve ${count(others)} tane daha`, show);

/** @param {import("../../engine/engine-types.js").Share} share */
function outOf({ hits, total }) {
  return total ? `${count(hits)} / ${count(total)} (${percent(Math.round((100 * hits) / total) / 100)})` : "yok";
}

/** @param {import("../../engine/engine-types.js").RunInfo} info */
function changedSince({ changed }) {
  return changed ? " Dosya, kaydedildikten sonra başka bir programca değiştirilmiş." : "";
}
