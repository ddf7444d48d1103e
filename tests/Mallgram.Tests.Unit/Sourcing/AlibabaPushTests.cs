using System.Text;
using Mallgram.Sourcing.Alibaba;

namespace Mallgram.Tests.Unit.Sourcing;

public sealed class AlibabaPushTests
{
    private const string Body =
        """{"seller_id":"BROADCAST","message_type":1,"data":{"productId":"123456789","option":"ADD"},"timestamp":1767225600}""";

    private const string Signature = "26c10608d2e0471f36e4344655a6e37cac00ee4ae874f46bd91dfb9065979181";

    [Fact]
    public void A_message_signed_with_the_app_secret_is_genuine() => Assert.True(IsGenuine(Body, Signature));

    [Theory]
    [InlineData(null), InlineData(""), InlineData("x"), InlineData("26C10608D2E0471F36E4344655A6E37CAC00EE4AE874F46BD91DFB9065979181")]
    [InlineData("26c10608d2e0471f36e4344655a6e37cac00ee4ae874f46bd91dfb9065979180")]
    public void Any_other_header_is_not(string? header) => Assert.False(IsGenuine(Body, header));

    [Fact]
    public void One_byte_more_is_another_message() => Assert.False(IsGenuine(Body + " ", Signature));

    private static bool IsGenuine(string body, string? header) =>
        AlibabaPush.IsGenuine(Encoding.UTF8.GetBytes(body), header, "600001", "mallgram-secret");
}
