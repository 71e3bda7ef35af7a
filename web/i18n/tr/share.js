/** “Paylaş” in Turkish. */

import { sentenceOf } from "../../platform/errors.js";
import { bytes, count, fixed, millions, quoted } from "../format.js";

const packings = { int8: "Ağırlık başına 8 bit (int8)", f16: "Ağırlık başına 16 bit (f16)" };
const units = { letter: "harf", token: "birim" };

/** @type {import("../en/share.js").ShareTexts} */
export const share = {
  link: "Bağlantı",
  address: "Bu ayarların bağlantısı",
  linkWithSample: "Açan kişi bu ayarları, örneklerin başlangıcını ve örnek metni hazır bulur.",
  linkWithShakespeare: "Açan kişi bu ayarları ve örneklerin başlangıcını hazır bulur; Tiny Shakespeare'in indirilmesi ona sorulur.",
  linkWithoutText: "Açan kişi bu ayarları ve örneklerin başlangıcını hazır bulur. Kendi metniniz bağlantıda yer almaz, burada kalır.",
  noLink: "Modelin boyutları bir dosyadan geldiği için bu ayarlar bağlantıya sığmaz. tiny, mini veya small seçin.",
  copy: "Bağlantıyı kopyala",
  copied: "Kopyalandı.",
  copyByHand: "Tarayıcı izin vermedi. Bağlantı seçili: Ctrl+C ile kopyalayın.",
  undo: "Geri al",
  useSample: "Örnek metni kullan",
  getShakespeare: (size) => `Tiny Shakespeare'i indir (${bytes(size)})`,
  notNow: () => ({ what: "Bağlantı açılmadı: süren bir çalışma var.", remedy: "Çalışmayı durdurup bağlantıyı yeniden açın." }),
  unreadable: () => ({ what: "Bağlantı okunamadı: bu sayfada olmayan bir model belirtiyor.", remedy: "Bağlantıyı yeniden isteyin; bir bölümü yolda kaybolmuş olabilir." }),
  opened: ({ left }, otherText) => ({
    what: `Bağlantıdaki ayarlar uygulandı${otherText ? ". Bağlantı, buradakinden başka bir metinle hazırlanmış" : ""}.`,
    remedy: left.length > 0 ? `Bilinmediği veya sınır dışı olduğu için alınmayanlar: ${left.slice(0, 6).join(", ")}${left.length > 6 ? ", …" : ""}.` : "",
  }),

  page: "Yazan bir sayfa",
  pageHint: "İçinde model olan tek bir HTML dosyası. Çift tıklamayla açılır, bağlantı olmadan yazar; hiçbir yere bir şey gönderilmez. Model, öğrendiği metinden bölümleri yineleyebilir.",
  packing: "Ağırlık boyutu",
  packings,
  export: "Sayfa olarak dışa aktar",
  exporting: "Ağırlıklar sıkıştırılıyor…",
  comparing: (done, total) => `Bunun etkisi ölçülüyor: ${count(done)} / ${count(total)} bölüm…`,
  assembling: "Dosya yazılıyor…",
  exported: ({ file, name, packing, weights, losses, otherText }) =>
    `${name} (${bytes(file.size)}) kaydedildi. ${packing}: ağırlıklar ${bytes(weights)}${losses ? `, kayıp ${change(losses)}${otherText === null ? "" : `; burada seçili olan ${quoted(otherText)} ile ölçüldü, model bu metni öğrenmemiş olabilir`}` : "; buradaki metinde ölçülecek bölüm olmadığı için kayıp ölçülmedi"}.`,
  notExported: (error) => `Sayfa dışa aktarılamadı: ${sentenceOf(error)} Yeniden deneyin; daha küçük bir model daha az bellek ister.`,
  safetensors: "Yukarıdaki “Denetim noktasını kaydet”, eğitime burada veya komut satırında devam etmek için tüm çalışmayı 32 bitlik bir safetensors dosyası olarak verir.",

  title: "Küçük bir dil modeli",
  aboutModel: ({ stage, parameters, step }) => `${stage ? `${stage}, ` : ""}${millions(parameters)} parametre, ${count(step)} adım eğitildi.`,
  temperatureHint: "0 her zaman en olası olanı seçer; büyük değerler daha şaşırtıcıdır.",
  noScript: "Bu sayfa JavaScript gerektirir: model onunla çalışır.",
  cost: ({ packing, weights, losses, unit, ownText }) =>
    `${packings[packing]}, ${bytes(weights)}.${losses ? ` Kayıp${ownText ? "" : " (modelin öğrenmemiş olabileceği bir metinle)"}, eğitilen ağırlıklarla → buradakilerle: ${change(losses)} (${units[unit]} başına nat).` : ""}`,
  footer: "Her şey bu dosyanın içinde; hiçbir yere bir şey gönderilmez. MM-Rec ile yapıldı.",
  pageWords: { loading: "Model yükleniyor…", ready: "Hazır.", writing: "Yazıyor…", failed: "Burada çalışmıyor. Dosyayı güncel bir tarayıcıda açın." },
};

/** @param {[number, number]} losses */
function change([before, after]) {
  return `${fixed(before, 3)} → ${fixed(after, 3)}`;
}
