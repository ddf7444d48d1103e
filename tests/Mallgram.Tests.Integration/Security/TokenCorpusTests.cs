using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mallgram.Kernel.Ids;

namespace Mallgram.Tests.Integration.Security;

/// <summary>Forged tokens (RFC 8725 and what attackers try), each sent as one of ours and as one of the store's Supabase project.</summary>
public sealed class TokenCorpusTests(SupabaseApp app) : IClassFixture<SupabaseApp>
{
    [Fact]
    public async Task Forged_tokens_are_refused_and_sound_ones_taken()
    {
        await app.NameProjectAsync(new { issuer = app.Server.Issuer, jwt_secret = SupabaseApp.Secret });
        var person = await app.Database.ScalarAsync<Guid>(
            $"select id from identity.users where store_id = '01930000-0000-7000-8000-000000000001' and email = '{MallgramApp.AdministratorEmail}'");
        var faults = new List<string>();
        var count = 0;
        foreach (var line in JsonNode.Parse(Corpora.Read("jwt.json"))!.AsArray())
        {
            var attack = line!.AsObject();
            foreach (var target in attack["to"] is { } only ? [only.GetValue<string>()] : (string[])["ours", "supabase"])
            {
                count++;
                var (status, body) = await app.MeAsync(Forge(attack, target, person));
                // What is too large for a header ends before it is read.
                if (attack["accepted"] is null ? status is not (401 or 431) : status != 200)
                {
                    faults.Add($"{attack["name"]} as {target}: {status} {body}");
                }
            }
        }

        Assert.Equal([], faults);
        Assert.True(count > 100, $"only {count} tokens were tried");
        // Nobody came of it but the one whose sound tokens were taken.
        Assert.Equal(1, await app.Database.ScalarAsync<long>("select count(*) from identity.external_identities"));
    }

    [Fact]
    public async Task Addresses_inside_are_never_asked_for_keys()
    {
        using var owner = await app.SignInStaffAsync();
        var corpus = Path.Combine(Folder(), "..", "..", "Mallgram.Tests.Unit", "Files", "ssrf-corpus.txt");
        var addresses = (await File.ReadAllLinesAsync(corpus)).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#').ToArray();
        Assert.True(addresses.Length > 50, $"only {addresses.Length} addresses");
        var asked = app.Server.Requests;
        foreach (var address in addresses)
        {
            using var answer = await System.Net.Http.Json.HttpClientJsonExtensions.PutAsJsonAsync(owner, "/api/v1/admin/sign-in/supabase", new { issuer = address });
            if ((int)answer.StatusCode == 422)
            {
                continue;
            }

            // A name tells only when it is resolved, which is when the keys are wanted.
            Assert.True((int)answer.StatusCode == 200 && address.StartsWith("https://", StringComparison.Ordinal), $"{address}: {(int)answer.StatusCode}");
            var claims = app.Claims("inside");
            claims["iss"] = address.TrimEnd('/');
            Assert.Equal(401, (await app.MeAsync(SupabaseApp.Sign(claims, app.Ec, "ec-1"))).Status);
        }

        Assert.Equal(asked, app.Server.Requests);
    }

    private string Forge(JsonObject attack, string target, Guid person)
    {
        var now = app.Clock.GetUtcNow();
        var header = Merge(new JsonObject { ["alg"] = "HS256", ["typ"] = "JWT" }, attack["header"], now);
        var claims = Merge(
            target == "supabase"
                ? app.Claims("0b9d1f7e-0000-4000-8000-000000000001")
                : new JsonObject
                {
                    ["iss"] = "mallgram",
                    ["aud"] = "mallgram-api",
                    ["sub"] = PublicId.Format(PublicId.User, person),
                    ["store"] = PublicId.Format(PublicId.Store, Guid.Parse("01930000-0000-7000-8000-000000000001")),
                    ["role"] = "customer",
                    ["sid"] = PublicId.Format(PublicId.Session, Guid.CreateVersion7(now)),
                    ["jti"] = Guid.NewGuid().ToString("N"),
                    ["iat"] = now.ToUnixTimeSeconds(),
                    ["nbf"] = now.ToUnixTimeSeconds(),
                    ["exp"] = now.AddMinutes(10).ToUnixTimeSeconds(),
                },
            attack["claims"], now);
        var json = claims.ToJsonString();
        if (attack["duplicate"]?.GetValue<string>() is { } twice)
        {
            json = $$"""{"{{twice}}":"someone-else",""" + json[1..];
        }

        var secret = Encoding.UTF8.GetBytes(target == "supabase" ? SupabaseApp.Secret : SupabaseApp.OurSecret);
        var signed = SupabaseApp.Part(header) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
        var signature = Sign(attack["key"]!.GetValue<string>(), header, Encoding.ASCII.GetBytes(signed), secret);
        if (signature is null)
        {
            return signed;
        }

        if (attack["tamper"] is { } tampered)
        {
            signed = SupabaseApp.Part(header) + "." + SupabaseApp.Part(Merge(claims, tampered, now));
        }

        return signed + "." + Base64Url.EncodeToString(signature) + attack["append"]?.GetValue<string>();
    }

    private byte[]? Sign(string key, JsonObject header, byte[] text, byte[] secret) => key switch
    {
        "none" => [],
        "cut" => null,
        "secret" => header["alg"] is JsonValue alg && alg.TryGetValue(out string? name) && name is "HS384" or "HS512"
            ? (header["alg"]!.GetValue<string>() == "HS384" ? HMACSHA384.HashData(secret, text) : HMACSHA512.HashData(secret, text))
            : HMACSHA256.HashData(secret, text),
        "wrong" => HMACSHA256.HashData(Encoding.UTF8.GetBytes("another secret that is long enough too"), text),
        "empty" => HMACSHA256.HashData(Array.Empty<byte>(), text),
        "rsa" => app.Rsa.SignData(
            text, HashAlgorithmName.SHA256, header["alg"]!.GetValue<string>() == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
        "short-rsa" => app.ShortRsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        "attacker-rsa" => app.AttackersRsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        "ec" => app.Ec.SignData(text, HashAlgorithmName.SHA256),
        "ec-der" => app.Ec.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
        "zero-64" => new byte[64],
        "rsa-public-pem" => HMACSHA256.HashData(Encoding.ASCII.GetBytes(app.Rsa.ExportSubjectPublicKeyInfoPem()), text),
        "rsa-public-jwk" => HMACSHA256.HashData(Encoding.ASCII.GetBytes(KeyServer.Of(app.Rsa, "rsa-1").ToJsonString()), text),
        "ec-public-pem" => HMACSHA256.HashData(Encoding.ASCII.GetBytes(app.Ec.ExportSubjectPublicKeyInfoPem()), text),
        _ => throw new InvalidOperationException($"The corpus names an unknown key {key}."),
    };

    /// <summary>Null removes; <c>@n</c> is n seconds from now; <c>#n</c> is n letters; <c>attacker</c> as <c>jwk</c> is the attacker's key.</summary>
    private JsonObject Merge(JsonObject onto, JsonNode? changes, DateTimeOffset now)
    {
        var merged = onto.DeepClone().AsObject();
        foreach (var (name, value) in changes?.AsObject() ?? [])
        {
            merged.Remove(name);
            if (value is null)
            {
                continue;
            }

            merged[name] = value is JsonValue text && text.TryGetValue(out string? word)
                ? word switch
                {
                    ['@', .. var seconds] => now.ToUnixTimeSeconds() + long.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture),
                    ['#', .. var letters] => new string('a', int.Parse(letters, System.Globalization.CultureInfo.InvariantCulture)),
                    "attacker" when name == "jwk" => KeyServer.Of(app.AttackersRsa, "attacker"),
                    _ => word,
                }
                : value.DeepClone();
        }

        return merged;
    }

    private static string Folder([System.Runtime.CompilerServices.CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
