using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class OpenPlatformSignatureTests
{
    private const string Secret = "mallgram-secret";

    [Fact]
    public void A_business_method_signs_its_sorted_parameters()
    {
        var parameters = new Dictionary<string, string>
        {
            ["v"] = "2.0",
            ["timestamp"] = "1767225600000",
            ["target_language"] = "EN",
            ["target_currency"] = "USD",
            ["simplify"] = "true",
            ["sign_method"] = "sha256",
            ["ship_to_country"] = "CM",
            ["session"] = "tok-abc",
            ["product_id"] = "1005006000000001",
            ["method"] = "aliexpress.ds.product.get",
            ["format"] = "json",
            ["app_key"] = "510001",
            ["sign"] = "is left out",
        };

        Assert.Equal("5F80452A9E5AADE501B55FE7EB6E5543B03183821364FB9D40C95F980CBA5C8E", OpenPlatformSignature.Sha256(parameters, Secret));
    }

    [Fact]
    public void A_system_interface_signs_its_path_first()
    {
        var parameters = new Dictionary<string, string>
        {
            ["code"] = "3_510001_Abc",
            ["app_key"] = "510001",
            ["timestamp"] = "1767225600000",
            ["sign_method"] = "sha256",
        };

        Assert.Equal(
            "B7FA6D85EF742A15266D9F13B0601694BC009436BE8088CDD5C51742870FEA38",
            OpenPlatformSignature.Sha256(parameters, Secret, "/auth/token/create"));
    }

    [Fact]
    public void The_legacy_method_wraps_the_pairs_in_the_secret()
    {
        var parameters = new Dictionary<string, string>
        {
            ["timestamp"] = "1767225600000",
            ["sign_method"] = "md5",
            ["method"] = "aliexpress.ds.product.get",
            ["app_key"] = "510001",
        };

        Assert.Equal("1866F31624D740C832C5F67D8D663F4B", OpenPlatformSignature.Md5(parameters, Secret));
    }

    [Fact]
    public void Keys_sort_by_byte_not_by_language()
    {
        var parameters = new Dictionary<string, string> { ["foobar"] = "1", ["foo_bar"] = "2", ["Zed"] = "3", ["alpha"] = "4" };

        Assert.Equal("Zed3alpha4foo_bar2foobar1", OpenPlatformSignature.Base(parameters));
    }
}
