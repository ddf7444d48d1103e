using System.Net;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Tests.Unit.Identity;

public sealed class ContactTests
{
    [Theory]
    [InlineData(" Ama@Example.org ", null, "ama@example.org")]
    [InlineData(null, "082 123 4567", "+27821234567")]
    [InlineData(null, "+237 670 12 34 56", "+237670123456")]
    [InlineData("", "0027821234567", "+27821234567")]
    public void One_address_has_one_key(string? email, string? phone, string key)
    {
        var errors = new FieldErrors();

        Assert.Equal(key, Contact.Read(email, phone, "ZA", errors)?.Key);
        Assert.False(errors.Any);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("ama@example.org", "+27821234567")]
    [InlineData("ama", null)]
    [InlineData("ama@example.org, kofi@example.org", null)]
    [InlineData("\"ama\"@example.org", null)]
    [InlineData("ama@exämple.org", null)]
    [InlineData("ama@example.org\u0000", null)]
    [InlineData(null, "+27")]
    [InlineData(null, "12345678901234567890123456789012345")]
    public void What_is_no_address_or_two_is_refused(string? email, string? phone)
    {
        var errors = new FieldErrors();

        Assert.Null(Contact.Read(email, phone, "ZA", errors));
        Assert.True(errors.Any);
    }

    [Theory]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("fe80::1%2", "fe80::1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    public void An_address_is_written_as_the_database_takes_it(string given, string written) =>
        Assert.Equal(written, ClientDevice.AddressOf(IPAddress.Parse(given)));

    [Fact]
    public void A_user_agent_is_cut_and_made_printable()
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.UserAgent = "Firefox\t\ud83d" + new string('x', 400);

        var device = ClientDevice.Of(context);

        Assert.Null(device.Address);
        Assert.Equal("Firefox??" + new string('x', 291), device.UserAgent);
    }
}
