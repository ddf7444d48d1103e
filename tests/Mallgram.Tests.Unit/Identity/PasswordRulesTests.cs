using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using PasswordOptions = Mallgram.Identity.SignIn.PasswordOptions;

namespace Mallgram.Tests.Unit.Identity;

public sealed class PasswordRulesTests
{
    [Theory]
    [InlineData("Baobab-am-Fluss-42")]
    [InlineData("correct horse battery staple")]
    [InlineData("élégance✓✓")]
    [InlineData("ama.mensah and her goats")]
    public void A_password_nobody_tries_first_is_taken(string password) => Assert.False(Check(password).Any);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("short-7")]
    [InlineData("PASSWORD123")]
    [InlineData("12345678")]
    [InlineData("douala237")]
    [InlineData("Swetlana")]
    [InlineData("abababababab")]
    [InlineData("ama.mensah@example.org")]
    [InlineData("AMA.Mensah1")]
    [InlineData("2026ama.mensah!")]
    [InlineData("+237670123456")]
    [InlineData("with\0inside it")]
    public void Others_are_refused(string? password) => Assert.Equal(["password"], Check(password).All.Keys);

    [Fact]
    public void Longer_than_256_characters_is_refused()
    {
        var longest = string.Concat(Enumerable.Repeat("Baobab-4", 32));

        Assert.False(Check(longest).Any);
        Assert.True(Check(longest + "x").Any);
    }

    [Fact]
    public void A_hash_of_less_work_is_right_and_wants_to_be_renewed()
    {
        var passwords = new Passwords(Options.Create(new PasswordOptions()));
        var weak = new PasswordHasher<object>(Options.Create(new PasswordHasherOptions { IterationCount = 100_000 }))
            .HashPassword(new object(), "Baobab-am-Fluss-42");

        Assert.Equal(PasswordVerificationResult.SuccessRehashNeeded, passwords.Verify(weak, "Baobab-am-Fluss-42"));
        Assert.Equal(PasswordVerificationResult.Success, passwords.Verify(passwords.Hash("Baobab-am-Fluss-42"), "Baobab-am-Fluss-42"));
        Assert.Equal(PasswordVerificationResult.Failed, passwords.Verify(passwords.Hash("Baobab-am-Fluss-42"), "baobab-am-fluss-42"));
        Assert.Equal(PasswordVerificationResult.Failed, passwords.Verify(hash: null, "Baobab-am-Fluss-42"));
    }

    private static FieldErrors Check(string? password)
    {
        var errors = new FieldErrors();
        new PasswordRules(Options.Create(new PasswordOptions()))
            .Check(password, "password", errors, "ama.mensah@example.org", "+237670123456", "Ama Mensah", null);
        return errors;
    }
}
