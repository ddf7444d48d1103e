using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// Whether the time of an answer tells what its text does not: Welch's t-test over two kinds of request that must take equally long, sent in
/// random order. Its limit of 4.5 is that of leakage assessments (ISO/IEC 17825).
/// </summary>
internal static class Timing
{
    private const double Limit = 4.5;
    private const int Seed = 20_261_121;

    public static async Task RunAsync(Bench bench)
    {
        var database = await bench.CloneAsync();
        await ManyStores.FillAsync(database, 1);
        var people = bench.Options.Quick ? 40 : 400;
        await database.ExecuteAsync(
            $"""
            insert into identity.users (store_id, id, email, email_verified_at, full_name, password_hash, language, role)
            select store_id, md5('timing ' || n)::uuid, 'known-' || n || '@timing.test', now(), 'Known', password_hash, 'en', 'customer'
            from identity.users, generate_series(0, {people - 1}) n where email = 'buyer@crowd-1.test'
            """);
        await using (var api = await ManyStores.ServeAsync(database))
        {
            using var http = new HttpClient { BaseAddress = api.Address };
            http.DefaultRequestHeaders.Add("X-Store", "crowd-1");
            var random = new Random(Seed);
            string Address(bool known, int n) => known ? $"known-{n}@timing.test" : $"nobody-{n}@timing.test";

            await CompareAsync(bench, random, "timing, sign-in: wrong password or unknown person", http, people, 401, (known, n) =>
                Post("/api/v1/auth/login", $$"""{"email":"{{Address(known, n)}}","password":"wrong password 1"}"""));
            await CompareAsync(bench, random, "timing, forgotten password: known or unknown address", http, people, 202, (known, n) =>
                Post("/api/v1/auth/forgot-password", $$"""{"email":"{{Address(known, n)}}"}"""));
            await CompareAsync(bench, random, "timing, sign-in code: known or unknown address", http, people, 202, (known, n) =>
                Post("/api/v1/auth/otp", $$"""{"email":"{{Address(known, n)}}"}"""));
            await CompareAsync(bench, random, "timing, wrong code: known or unknown address", http, people, null, (known, n) =>
                Post("/api/v1/auth/verify-otp", $$"""{"email":"{{Address(known, n)}}","code":"000000"}"""));

            var token = await TokenAsync(http);
            var at = token.LastIndexOf('.') + 1;
            await CompareAsync(bench, random, "timing, access token: signature wrong in its first or last letters", http, 10 * people, 401, (first, n) =>
            {
                var (place, letter) = (first ? at : token.Length - 3, "ABCDEFGHIJKLMNOP"[n % 16]);
                var forged = token[..place] + (token[place] == letter ? 'z' : letter) + token[(place + 1)..];
                var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/auth/me");
                request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + forged);
                return request;
            });
        }

        await database.DropAsync();
    }

    private static async Task CompareAsync(
        Bench bench, Random random, string name, HttpClient http, int each, int? status,
        Func<bool, int, HttpRequestMessage> make)
    {
        // Each kind has its own numbers once; their order is random, so that nothing that drifts touches one kind more.
        var order = Enumerable.Range(0, each).SelectMany(n => new[] { (true, n), (false, n) }).ToArray();
        random.Shuffle(order);
        var times = (First: new List<double>(), Second: new List<double>());
        var statuses = (First: new Dictionary<int, int>(), Second: new Dictionary<int, int>());
        foreach (var (first, n) in order)
        {
            using var request = make(first, n);
            var started = Stopwatch.GetTimestamp();
            using var answer = await http.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
            var code = (int)answer.StatusCode;
            (first ? times.First : times.Second).Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            var counted = first ? statuses.First : statuses.Second;
            counted[code] = counted.GetValueOrDefault(code) + 1;
        }

        var sameText = statuses.First.Count == 1 && statuses.Second.Count == 1 && statuses.First.Keys.Single() == statuses.Second.Keys.Single()
            && (status is null || statuses.First.ContainsKey(status.Value));
        var (a, b) = (Cropped(times.First), Cropped(times.Second));
        var t = Welch(a, b);
        bench.Report.Add(new Line(
            name,
            string.Create(CultureInfo.InvariantCulture, $"|t| {Math.Abs(t):0.0}"), "", Ratio: null, "|t| < 4.5 and one status", Math.Abs(t) < Limit && sameText,
            string.Create(
                CultureInfo.InvariantCulture,
                $"medians {Spread.Of(a).Median:0} and {Spread.Of(b).Median:0} µs of {a.Count} each; statuses {string.Join(' ', statuses.First.Keys)} and {string.Join(' ', statuses.Second.Keys)}")));
    }

    /// <summary>Without the slowest tenth: what the machine did meanwhile, not what the program compared.</summary>
    private static List<double> Cropped(List<double> times) => [.. times.Order().Take(times.Count * 9 / 10)];

    private static double Welch(List<double> a, List<double> b)
    {
        var (meanA, meanB) = (a.Average(), b.Average());
        var error = (a.Sum(x => (x - meanA) * (x - meanA)) / (a.Count - 1) / a.Count) + (b.Sum(x => (x - meanB) * (x - meanB)) / (b.Count - 1) / b.Count);
        return error == 0 ? 0 : (meanA - meanB) / Math.Sqrt(error);
    }

    private static HttpRequestMessage Post(string path, string json) => new(HttpMethod.Post, path)
    {
        Content = new StringContent(json, Encoding.UTF8, "application/json"),
    };

    private static async Task<string> TokenAsync(HttpClient http)
    {
        using var request = Post("/api/v1/auth/login", ManyStores.Login("crowd-1"));
        using var answer = await http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).GetProperty("access_token").GetString()!;
    }
}
