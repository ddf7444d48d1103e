using System.Diagnostics;
using OpenTelemetry;

namespace Mallgram.ServiceDefaults.Redaction;

/// <summary>
/// Redacts spans as they end, before any exporter sees them: addresses with their queries, statements, errors. Events of a span cannot be
/// changed any more; a span with one that tells too much is not exported.
/// </summary>
internal sealed class RedactedTraces(Redactor redactor) : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data)
    {
        List<KeyValuePair<string, object?>>? changed = null;
        foreach (ref readonly var tag in data.EnumerateTagObjects())
        {
            if (tag.Value is string text && Redacted(tag.Key, text) is var redacted && !ReferenceEquals(redacted, text))
            {
                (changed ??= []).Add(KeyValuePair.Create(tag.Key, (object?)redacted));
            }
            else if (tag.Value is Uri address)
            {
                (changed ??= []).Add(KeyValuePair.Create(tag.Key, (object?)Redacted(tag.Key, address.ToString())));
            }
        }

        foreach (var (name, value) in changed ?? [])
        {
            data.SetTag(name, value);
        }

        if (data.StatusDescription is { } description && redactor.Redact(description) is var plain && !ReferenceEquals(plain, description))
        {
            data.SetStatus(data.Status, plain);
        }

        var title = redactor.Redact(data.DisplayName);
        if (!ReferenceEquals(title, data.DisplayName))
        {
            data.DisplayName = title;
        }

        foreach (ref readonly var happened in data.EnumerateEvents())
        {
            foreach (ref readonly var tag in happened.EnumerateTagObjects())
            {
                if (tag.Value is string text && !ReferenceEquals(redactor.Redact(text), text))
                {
                    data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
                }
            }
        }
    }

    private string Redacted(string name, string text) => name switch
    {
        "url.query" => redactor.Redact(Redactor.RedactQuery(text)),
        "url.full" or "http.url" or "http.target" when text.IndexOf('?', StringComparison.Ordinal) is >= 0 and var start =>
            redactor.Redact(text[..start] + Redactor.RedactQuery(text[start..])),
        _ => redactor.Redact(text),
    };
}
