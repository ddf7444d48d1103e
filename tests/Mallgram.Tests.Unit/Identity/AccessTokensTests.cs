using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Mallgram.Tests.Unit.Identity;

public sealed class AccessTokensTests
{
    private const string Key = "an example signing key of 32+ bytes";
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Store = Guid.Parse("01930000-0000-7000-8000-000000000001");
    private static readonly Guid OtherStore = Guid.Parse("01930000-0000-7000-8000-000000000002");
    private static readonly Guid Person = Guid.Parse("01930000-0000-7000-8000-00000000aaaa");
    private static readonly Guid Session = Guid.Parse("01930000-0000-7000-8000-00000000bbbb");
    private static readonly Guid Administrator = Guid.Parse("01930000-0000-7000-8000-00000000cccc");

    [Fact]
    public void A_fresh_token_names_the_person_and_the_role()
    {
        var token = At(Noon).Issue(Person, Store, Roles.Manager, Session);

        var principal = At(Noon.AddMinutes(14)).Read(token, Store);

        Assert.NotNull(principal);
        Assert.Equal(Person, principal.UserId());
        Assert.Equal(Roles.Manager, principal.Role());
        Assert.True(principal.IsInRole(Roles.Manager));
        Assert.Equal(3, token.Split('.').Length);
    }

    [Fact]
    public void A_token_names_its_session()
    {
        var principal = At(Noon).Read(At(Noon).Issue(Person, Store, Roles.Customer, Session), Store)!;

        Assert.Equal(PublicId.Format(PublicId.Session, Session), principal.FindFirst("sid")?.Value);
        Assert.Null(principal.FindFirst("act"));
    }

    [Fact]
    public void An_impersonation_names_the_administrator_and_ends_with_the_shorter_of_both_lives()
    {
        var impersonation = Guid.Parse("01930000-0000-7000-8000-00000000dddd");
        var brief = At(Noon).IssueImpersonation(Person, Store, Roles.Customer, Administrator, impersonation, Noon.AddMinutes(5));
        var lengthy = At(Noon).IssueImpersonation(Person, Store, Roles.Customer, Administrator, impersonation, Noon.AddMinutes(50));

        var principal = At(Noon.AddMinutes(4)).Read(brief, Store)!;
        Assert.Equal(PublicId.Format(PublicId.PlatformAdministrator, Administrator), principal.FindFirst("act")?.Value);
        Assert.Equal(PublicId.Format(PublicId.Impersonation, impersonation), principal.FindFirst("imp")?.Value);
        Assert.Null(principal.FindFirst("sid"));
        Assert.Null(At(Noon.AddMinutes(5)).Read(brief, Store));
        Assert.NotNull(At(Noon.AddMinutes(14)).Read(lengthy, Store));
        Assert.Null(At(Noon.AddMinutes(15)).Read(lengthy, Store));
    }

    [Fact]
    public void Two_tokens_of_one_person_differ() =>
        Assert.NotEqual(At(Noon).Issue(Person, Store, Roles.Owner, Session), At(Noon).Issue(Person, Store, Roles.Owner, Session));

    [Fact]
    public void An_expired_token_is_refused()
    {
        var token = At(Noon).Issue(Person, Store, Roles.Owner, Session);

        Assert.NotNull(At(Noon.AddMinutes(15).AddSeconds(-1)).Read(token, Store));
        Assert.Null(At(Noon.AddMinutes(15)).Read(token, Store));
    }

    [Fact]
    public void A_token_of_the_future_is_refused_beyond_the_clock_skew_of_replicas()
    {
        Assert.NotNull(At(Noon).Read(At(Noon.AddSeconds(29)).Issue(Person, Store, Roles.Owner, Session), Store));
        Assert.Null(At(Noon).Read(At(Noon.AddSeconds(31)).Issue(Person, Store, Roles.Owner, Session), Store));
    }

    [Fact]
    public void A_token_of_another_store_is_refused() => Assert.Null(At(Noon).Read(At(Noon).Issue(Person, OtherStore, Roles.Owner, Session), Store));

    [Fact]
    public void A_token_of_another_key_is_refused() =>
        Assert.Null(At(Noon).Read(At(Noon, "another signing key of 32+ bytes, yes").Issue(Person, Store, Roles.Owner, Session), Store));

    [Fact]
    public void A_forged_token_with_our_key_and_claims_is_read_so_that_the_refusals_below_mean_something() =>
        Assert.NotNull(At(Noon).Read(Signed(Header("HS256"), Claims()), Store));

    [Theory]
    [InlineData("iss", "someone-else")]
    [InlineData("aud", "another-api")]
    [InlineData("sub", "usr_")]
    [InlineData("sub", "ord_01h455vb4pex5vsknk084sn02q")]
    [InlineData("store", "mallgram")]
    [InlineData("iss", null)]
    [InlineData("aud", null)]
    [InlineData("sub", null)]
    [InlineData("store", null)]
    [InlineData("exp", null)]
    [InlineData("nbf", null)]
    public void A_wrong_or_missing_claim_is_refused(string name, string? value)
    {
        var claims = Claims();
        claims.Remove(name);
        if (value is not null)
        {
            claims[name] = value;
        }

        Assert.Null(At(Noon).Read(Signed(Header("HS256"), claims), Store));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS384")]
    [InlineData("HS512")]
    [InlineData("RS256")]
    [InlineData("")]
    public void Only_HS256_is_accepted(string algorithm)
    {
        Assert.Null(At(Noon).Read(Signed(Header(algorithm), Claims()), Store));
        Assert.Null(At(Noon).Read($"{Part(Header(algorithm))}.{Part(Claims())}.", Store));
        Assert.Null(At(Noon).Read($"{Part(Header(algorithm))}.{Part(Claims())}", Store));
    }

    [Fact]
    public void A_signature_of_a_stronger_hash_under_its_own_name_is_refused()
    {
        var content = $"{Part(Header("HS512"))}.{Part(Claims())}";
        var signature = HMACSHA512.HashData(Encoding.UTF8.GetBytes(Key), Encoding.UTF8.GetBytes(content));

        Assert.Null(At(Noon).Read($"{content}.{WebEncoders.Base64UrlEncode(signature)}", Store));
    }

    [Fact]
    public void A_key_id_chooses_no_other_key()
    {
        var header = Header("HS256");
        header["kid"] = "../../dev/null";
        header["jku"] = "https://attacker.example/keys";
        var content = $"{Part(header)}.{Part(Claims())}";

        var signature = HMACSHA256.HashData(Array.Empty<byte>(), Encoding.UTF8.GetBytes(content));

        Assert.Null(At(Noon).Read($"{content}.{WebEncoders.Base64UrlEncode(signature)}", Store));
    }

    [Fact]
    public void A_changed_payload_is_refused()
    {
        var parts = At(Noon).Issue(Person, Store, Roles.Support, Session).Split('.');
        var claims = JsonNode.Parse(WebEncoders.Base64UrlDecode(parts[1]))!.AsObject();
        claims["role"] = Roles.Owner;

        Assert.Null(At(Noon).Read($"{parts[0]}.{Part(claims)}.{parts[2]}", Store));
    }

    [Fact]
    public void A_five_part_token_is_refused_unread()
    {
        var header = new JsonObject { ["alg"] = "dir", ["enc"] = "A256CBC-HS512", ["zip"] = "DEF" };

        Assert.Null(At(Noon).Read($"{Part(header)}..AAAA.AAAA.AAAA", Store));
        Assert.Null(At(Noon).Read(At(Noon).Issue(Person, Store, Roles.Owner, Session) + ".AAAA.AAAA", Store));
    }

    [Fact]
    public void An_oversized_token_is_refused()
    {
        var claims = Claims();
        claims["padding"] = new string('x', SignedTokens.MaxLength);

        Assert.Null(At(Noon).Read(Signed(Header("HS256"), claims), Store));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.e30")]
    [InlineData("é.ü.ß")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9..")]
    [InlineData("bnVsbA.bnVsbA.bnVsbA")]
    public void Rubbish_is_refused(string token) => Assert.Null(At(Noon).Read(token, Store));

    private static AccessTokens At(DateTimeOffset now, string key = Key) =>
        new(Options.Create(new TokenOptions { SigningKey = key }), new FixedClock(now));

    private static JsonObject Header(string algorithm) => new() { ["alg"] = algorithm, ["typ"] = "JWT" };

    private static JsonObject Claims() => new()
    {
        ["iss"] = "mallgram",
        ["aud"] = "mallgram-api",
        ["sub"] = PublicId.Format(PublicId.User, Person),
        ["store"] = PublicId.Format(PublicId.Store, Store),
        ["role"] = Roles.Owner,
        ["nbf"] = Noon.ToUnixTimeSeconds(),
        ["exp"] = Noon.AddMinutes(15).ToUnixTimeSeconds(),
    };

    private static string Signed(JsonObject header, JsonObject claims)
    {
        var content = $"{Part(header)}.{Part(claims)}";
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.UTF8.GetBytes(content));
        return $"{content}.{WebEncoders.Base64UrlEncode(signature)}";
    }

    private static string Part(JsonObject json) => WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
