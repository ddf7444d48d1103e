using System.Text;
using Mallgram.Identity.Supabase;
using Microsoft.IdentityModel.Tokens;

namespace Mallgram.Tests.Unit.Identity;

/// <summary>Tokens that were made once by another implementation, as Supabase Auth writes them.</summary>
public sealed class SupabaseTokenTests
{
    private const string Payload =
        "eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjU0MzIxL2F1dGgvdjEiLCJzdWIiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCJhdWQiOiJhdXRoZW50"
        + "aWNhdGVkIiwiZXhwIjo0MTAyNDQ0ODAwLCJpYXQiOjE3NjcyMjU2MDAsImVtYWlsIjoiYnV5ZXJAbWFsbGdyYW0udGVzdCIsInBob25lIjoiIiwiYXBwX21ldGFkYXRhIjp7"
        + "InByb3ZpZGVyIjoiZW1haWwiLCJwcm92aWRlcnMiOlsiZW1haWwiXX0sInVzZXJfbWV0YWRhdGEiOnsibmFtZSI6IkFkYSJ9LCJyb2xlIjoiYXV0aGVudGljYXRlZCIsImFh"
        + "bCI6ImFhbDEiLCJhbXIiOlt7Im1ldGhvZCI6InBhc3N3b3JkIiwidGltZXN0YW1wIjoxNzY3MjI1NjAwfV0sInNlc3Npb25faWQiOiIyMjIyMjIyMi0yMjIyLTQyMjItODIy"
        + "Mi0yMjIyMjIyMjIyMjIiLCJpc19hbm9ueW1vdXMiOmZhbHNlfQ";

    private const string Hs256 =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + Payload + ".AJjjHGIUcPMG-E4j8xQ7I1IpTH4BzTnNJ-EUqTY699w";

    private const string Es256 =
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lcy1wdWJsaWMtMSIsInR5cCI6IkpXVCJ9." + Payload
        + "._oKB5dBMG8l4mEBDExkyj4UGos407St4tCA__E8sML3nDpxbuMu82l-OZDBBMgQBTOEHuRqo7V4Y7QxUB3Vufg";

    private const string KeySet =
        """
        {"keys": [
            {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "other-kind"},
            {"kty": "EC", "crv": "P-256", "x": "-evkZBR8wQLZIyTQmdknwaUOQtV6CKEW_-wKKYGdjGU", "y": "AAAA", "kid": "off-the-curve"},
            {"kty": "EC", "crv": "P-256", "x": "-evkZBR8wQLZIyTQmdknwaUOQtV6CKEW_-wKKYGdjGU",
             "y": "cLr30SiIkCpqDB1nrdEDEjyFmrab-OlDHJOEkw1Lfu4", "kid": "encrypts", "alg": "ES256", "use": "enc"},
            {"kty": "EC", "crv": "P-256", "x": "-evkZBR8wQLZIyTQmdknwaUOQtV6CKEW_-wKKYGdjGU",
             "y": "cLr30SiIkCpqDB1nrdEDEjyFmrab-OlDHJOEkw1Lfu4", "kid": "kid-es-public-1", "alg": "ES256", "use": "sig"}
        ]}
        """;

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

    private static readonly SupabaseProject Project = new(
        "http://127.0.0.1:54321/auth/v1", "authenticated", "mallgram-test-secret-at-least-32-bytes!!", ConfirmsAddresses: false,
        AllowsStaff: false, Now);

    private static readonly SupabaseKey Shared = new(
        new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Project.Secret!)), SecurityAlgorithms.HmacSha256);

    [Fact]
    public void A_token_of_the_shared_secret_is_genuine()
    {
        var token = SupabaseToken.Read(Hs256)!;
        Assert.Equal(
            ("HS256", null, Project.Issuer, "11111111-1111-4111-8111-111111111111", "buyer@mallgram.test", null, false, "Ada"),
            (token.Algorithm, token.KeyId, token.Issuer, token.Subject, token.Email, token.Phone, token.EmailIsVerified, token.Name));
        Assert.True(token.IsGenuine(Project, Shared, Now));
    }

    [Fact]
    public void A_token_of_a_published_key_is_genuine()
    {
        var keys = SupabaseKeys.Read(Encoding.UTF8.GetBytes(KeySet));
        Assert.Equal("kid-es-public-1", Assert.Single(keys).Key);
        var token = SupabaseToken.Read(Es256)!;
        Assert.Equal("kid-es-public-1", token.KeyId);
        Assert.True(token.IsGenuine(Project, keys["kid-es-public-1"], Now));
        Assert.False(SupabaseToken.Read(Es256[..^2] + "AA")!.IsGenuine(Project, keys["kid-es-public-1"], Now));
    }

    [Fact]
    public void Key_algorithm_issuer_audience_and_time_all_count()
    {
        var token = SupabaseToken.Read(Hs256)!;
        var other = new SupabaseKey(new SymmetricSecurityKey(new byte[40]), SecurityAlgorithms.HmacSha256);
        Assert.False(token.IsGenuine(Project, other, Now));
        Assert.False(token.IsGenuine(Project, Shared with { Algorithm = SecurityAlgorithms.EcdsaSha256 }, Now));
        Assert.False(token.IsGenuine(Project with { Issuer = "https://elsewhere.supabase.co/auth/v1" }, Shared, Now));
        Assert.False(token.IsGenuine(Project with { Audience = "service_role" }, Shared, Now));
        Assert.False(token.IsGenuine(Project, Shared, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.e30")]
    [InlineData("W10.W10.W10")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4Iiwic3ViIjoieSJ9.")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4Iiwic3ViIjoieSJ9.c.d.e")]
    public void What_is_no_signed_token_of_three_parts_is_not_read(string text) => Assert.Null(SupabaseToken.Read(text));

    [Theory]
    [InlineData("""{"iss":"x","sub":"y","sub":"z"}""")]
    [InlineData("""{"iss":["x"],"sub":"y"}""")]
    [InlineData("""{"iss":"x","sub":7}""")]
    public void Claims_that_could_be_read_in_two_ways_are_not_read(string payload) =>
        Assert.Null(SupabaseToken.Read("eyJhbGciOiJIUzI1NiJ9." + System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload)) + ".c2ln"));

    [Theory]
    [InlineData("""{"iss":"x","sub":"y","email":"A@b.c","user_metadata":{"email_verified":true}}""", false)]
    [InlineData("""{"iss":"x","sub":"y","email":"A@b.c","email_verified":true}""", true)]
    [InlineData("""{"iss":"x","sub":"y","email":"A@b.c","email_verified":"true"}""", false)]
    [InlineData("""{"iss":"x","sub":"y","email":"A@b.c","app_metadata":{"email_verified":true}}""", true)]
    public void What_users_say_of_themselves_proves_no_address(string payload, bool verified)
    {
        var token = SupabaseToken.Read("eyJhbGciOiJIUzI1NiJ9." + System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload)) + ".c2ln")!;
        Assert.Equal(("a@b.c", verified), (token.Email, token.EmailIsVerified));
    }
}
