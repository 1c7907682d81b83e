// country: the table of ISO 3166-1 (and XKX, Kosovo, which exchanges send).
#include "protocol/device/country.h"

#include <algorithm>
#include <iterator>

#include "domain/vocabulary.h"

namespace bandstand::protocol::device {
namespace {

/// Alpha-3 followed by its alpha-2, sorted.
constexpr const char* kCountries[] = {
    "ABWAW", "AFGAF", "AGOAO", "AIAAI", "ALAAX", "ALBAL", "ANDAD", "AREAE", "ARGAR", "ARMAM", "ASMAS",
    "ATAAQ", "ATFTF", "ATGAG", "AUSAU", "AUTAT", "AZEAZ", "BDIBI", "BELBE", "BENBJ", "BESBQ", "BFABF",
    "BGDBD", "BGRBG", "BHRBH", "BHSBS", "BIHBA", "BLMBL", "BLRBY", "BLZBZ", "BMUBM", "BOLBO", "BRABR",
    "BRBBB", "BRNBN", "BTNBT", "BVTBV", "BWABW", "CAFCF", "CANCA", "CCKCC", "CHECH", "CHLCL", "CHNCN",
    "CIVCI", "CMRCM", "CODCD", "COGCG", "COKCK", "COLCO", "COMKM", "CPVCV", "CRICR", "CUBCU", "CUWCW",
    "CXRCX", "CYMKY", "CYPCY", "CZECZ", "DEUDE", "DJIDJ", "DMADM", "DNKDK", "DOMDO", "DZADZ", "ECUEC",
    "EGYEG", "ERIER", "ESHEH", "ESPES", "ESTEE", "ETHET", "FINFI", "FJIFJ", "FLKFK", "FRAFR", "FROFO",
    "FSMFM", "GABGA", "GBRGB", "GEOGE", "GGYGG", "GHAGH", "GIBGI", "GINGN", "GLPGP", "GMBGM", "GNBGW",
    "GNQGQ", "GRCGR", "GRDGD", "GRLGL", "GTMGT", "GUFGF", "GUMGU", "GUYGY", "HKGHK", "HMDHM", "HNDHN",
    "HRVHR", "HTIHT", "HUNHU", "IDNID", "IMNIM", "INDIN", "IOTIO", "IRLIE", "IRNIR", "IRQIQ", "ISLIS",
    "ISRIL", "ITAIT", "JAMJM", "JEYJE", "JORJO", "JPNJP", "KAZKZ", "KENKE", "KGZKG", "KHMKH", "KIRKI",
    "KNAKN", "KORKR", "KWTKW", "LAOLA", "LBNLB", "LBRLR", "LBYLY", "LCALC", "LIELI", "LKALK", "LSOLS",
    "LTULT", "LUXLU", "LVALV", "MACMO", "MAFMF", "MARMA", "MCOMC", "MDAMD", "MDGMG", "MDVMV", "MEXMX",
    "MHLMH", "MKDMK", "MLIML", "MLTMT", "MMRMM", "MNEME", "MNGMN", "MNPMP", "MOZMZ", "MRTMR", "MSRMS",
    "MTQMQ", "MUSMU", "MWIMW", "MYSMY", "MYTYT", "NAMNA", "NCLNC", "NERNE", "NFKNF", "NGANG", "NICNI",
    "NIUNU", "NLDNL", "NORNO", "NPLNP", "NRUNR", "NZLNZ", "OMNOM", "PAKPK", "PANPA", "PCNPN", "PERPE",
    "PHLPH", "PLWPW", "PNGPG", "POLPL", "PRIPR", "PRKKP", "PRTPT", "PRYPY", "PSEPS", "PYFPF", "QATQA",
    "REURE", "ROURO", "RUSRU", "RWARW", "SAUSA", "SDNSD", "SENSN", "SGPSG", "SGSGS", "SHNSH", "SJMSJ",
    "SLBSB", "SLESL", "SLVSV", "SMRSM", "SOMSO", "SPMPM", "SRBRS", "SSDSS", "STPST", "SURSR", "SVKSK",
    "SVNSI", "SWESE", "SWZSZ", "SXMSX", "SYCSC", "SYRSY", "TCATC", "TCDTD", "TGOTG", "THATH", "TJKTJ",
    "TKLTK", "TKMTM", "TLSTL", "TONTO", "TTOTT", "TUNTN", "TURTR", "TUVTV", "TWNTW", "TZATZ", "UGAUG",
    "UKRUA", "UMIUM", "URYUY", "USAUS", "UZBUZ", "VATVA", "VCTVC", "VENVE", "VGBVG", "VIRVI", "VNMVN",
    "VUTVU", "WLFWF", "WSMWS", "XKXXK", "YEMYE", "ZAFZA", "ZMBZM", "ZWEZW",
};

}  // namespace

std::uint64_t country_of(std::string_view code) noexcept {
  if (code.size() != 2 && code.size() != 3) return 0;
  char upper[3] = {};
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    upper[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    if (upper[i] < 'A' || upper[i] > 'Z') return 0;
  }
  if (code.size() == 2) return domain::pack8({upper, 2});
  const std::string_view alpha3(upper, 3);
  const auto* const found =
      std::lower_bound(std::begin(kCountries), std::end(kCountries), alpha3,
                       [](const char* row, std::string_view key) { return std::string_view(row, 3) < key; });
  if (found == std::end(kCountries) || std::string_view(*found, 3) != alpha3) return 0;
  return domain::pack8({*found + 3, 2});
}

std::string_view alpha3_of(std::string_view alpha2) noexcept {
  for (const char* row : kCountries) {
    if (std::string_view(row + 3, 2) == alpha2) return {row, 3};
  }
  return {};
}

}  // namespace bandstand::protocol::device
