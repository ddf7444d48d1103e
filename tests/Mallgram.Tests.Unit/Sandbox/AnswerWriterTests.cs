using System.Text;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class AnswerWriterTests
{
    [Theory]
    [InlineData(true, true, 1, """{"products":[1]}""")]
    [InlineData(true, false, 2, """{"products":[1,2]}""")]
    [InlineData(false, false, 1, """{"products":{"product":[1]}}""")]
    [InlineData(false, true, 1, """{"products":{"product":1}}""")]
    [InlineData(false, true, 2, """{"products":{"product":[1,2]}}""")]
    [InlineData(false, true, 0, """{"products":{"product":[]}}""")]
    public void A_list_has_the_shape_that_was_asked_for(bool simplify, bool bareSingle, int count, string expected)
    {
        using var answer = new AnswerWriter(simplify, bareSingle);
        answer.Json.WriteStartObject();
        answer.StartList("products"u8, "product"u8, count);
        for (var i = 1; i <= count; i++)
        {
            answer.Json.WriteNumberValue(i);
        }

        answer.EndList();
        answer.Json.WriteEndObject();

        Assert.Equal(expected, Encoding.UTF8.GetString(answer.Written.Span));
    }
}
