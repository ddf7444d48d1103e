using Mallgram.Sourcing.OpenPlatform;

namespace Mallgram.Tests.Unit.Sourcing;

/// <summary>The platform's signing rule, by vectors recomputed from its documentation (open platform, "signature algorithm").</summary>
public sealed class OpenPlatformSignatureTests
{
    private const string Secret = "mallgram-secret";

    [Fact]
    public void A_business_call_is_signed_over_its_sorted_parameters() => Assert.Equal(
        "5F80452A9E5AADE501B55FE7EB6E5543B03183821364FB9D40C95F980CBA5C8E",
        OpenPlatformSignature.Sha256(
            Pairs(
                ("v", "2.0"), ("app_key", "510001"), ("format", "json"), ("method", "aliexpress.ds.product.get"), ("product_id", "1005006000000001"),
                ("session", "tok-abc"), ("ship_to_country", "CM"), ("sign_method", "sha256"), ("simplify", "true"), ("target_currency", "USD"),
                ("target_language", "EN"), ("timestamp", "1767225600000")),
            Secret));

    [Fact]
    public void A_system_call_has_its_path_in_front() => Assert.Equal(
        "B7FA6D85EF742A15266D9F13B0601694BC009436BE8088CDD5C51742870FEA38",
        OpenPlatformSignature.Sha256(
            Pairs(("timestamp", "1767225600000"), ("app_key", "510001"), ("code", "3_510001_Abc"), ("sign_method", "sha256")), Secret, "/auth/token/create"));

    [Fact]
    public void A_buyer_s_call_at_Alibaba_is_signed_like_a_system_call() => Assert.Equal(
        "03430B041BAF5D4BBAAC1E288DE6647040491AD8BA9B759F91B74E6CF94DFF27",
        OpenPlatformSignature.Sha256(
            Pairs(
                ("app_key", "600001"), ("access_token", "tok-b2b"), ("sign_method", "sha256"), ("timestamp", "1767225600000"),
                ("query_req", """{"product_id":"1601206892606","country":"ZA"}""")),
            Secret,
            "/eco/buyer/product/description"));

    [Fact]
    public void Parameters_are_sorted_by_their_bytes_whatever_the_culture()
    {
        var before = CultureOf("tr-TR");
        try
        {
            Assert.Equal(
                OpenPlatformSignature.Sha256(Pairs(("B", "1"), ("a", "2"), ("foo_bar", "3"), ("foobar", "4")), Secret),
                OpenPlatformSignature.Sha256(Pairs(("foobar", "4"), ("foo_bar", "3"), ("a", "2"), ("B", "1")), Secret));
        }
        finally
        {
            System.Globalization.CultureInfo.CurrentCulture = before;
        }
    }

    private static System.Globalization.CultureInfo CultureOf(string name)
    {
        var before = System.Globalization.CultureInfo.CurrentCulture;
        System.Globalization.CultureInfo.CurrentCulture = new System.Globalization.CultureInfo(name);
        return before;
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(params (string Name, string Value)[] parameters) =>
        parameters.Select(p => KeyValuePair.Create(p.Name, p.Value));
}
