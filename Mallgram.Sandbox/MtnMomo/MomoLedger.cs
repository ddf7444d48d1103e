using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Mallgram.Sandbox.Storage;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>API users and payments. Every change is in the journal before it is visible.</summary>
internal sealed class MomoLedger : IDisposable
{
    private readonly Lock _gate = new();
    private readonly JsonLinesFile<MomoJournalEntry> _journal;
    private readonly ConcurrentDictionary<string, MomoApiUser> _users = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, MomoPayment> _payments = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, bool> _open = new(StringComparer.OrdinalIgnoreCase);
    private readonly TimeProvider _clock;

    /// <exception cref="SandboxStartException">The journal cannot be read.</exception>
    public MomoLedger(SandboxOptions options, TimeProvider clock)
    {
        _clock = clock;
        _journal = new JsonLinesFile<MomoJournalEntry>(options.DataDirectory, "mtn-momo.jsonl");
        var momo = options.MtnMomo;
        _users[momo.ApiUser] = new MomoApiUser(momo.ApiUser, momo.ProviderCallbackHost, momo.ApiKey);
        foreach (var entry in _journal.Loaded)
        {
            if (entry.User is { } user)
            {
                _users[user.Id] = user;
            }
            else if (entry.Payment is { } payment)
            {
                Show(payment);
            }
        }
    }

    public int Count => _payments.Count;

    public MomoApiUser? User(string id) => _users.GetValueOrDefault(id);

    public MomoPayment? Payment(string referenceId) => _payments.GetValueOrDefault(referenceId);

    /// <summary>Payments that still have something to do: a decision, a callback.</summary>
    public IEnumerable<MomoPayment> Open()
    {
        foreach (var (id, _) in _open)
        {
            if (_payments.TryGetValue(id, out var payment))
            {
                yield return payment;
            }
        }
    }

    public bool AddUser(MomoApiUser user)
    {
        lock (_gate)
        {
            if (_users.ContainsKey(user.Id))
            {
                return false;
            }

            _journal.Append(new MomoJournalEntry { User = user });
            _users[user.Id] = user;
            return true;
        }
    }

    public string NewApiKey(MomoApiUser user)
    {
        lock (_gate)
        {
            var key = RandomNumberGenerator.GetHexString(32, lowercase: true);
            var changed = user with { ApiKey = key };
            _journal.Append(new MomoJournalEntry { User = changed });
            _users[user.Id] = changed;
            return key;
        }
    }

    /// <summary>False when the reference id has been used before.</summary>
    public bool Add(MomoPayment payment)
    {
        lock (_gate)
        {
            if (_payments.ContainsKey(payment.ReferenceId))
            {
                return false;
            }

            Keep(payment);
            return true;
        }
    }

    /// <summary>Decides a pending payment; null when it is unknown or decided already.</summary>
    public MomoPayment? Decide(string referenceId, MomoStatus outcome, string? reason)
    {
        lock (_gate)
        {
            if (Payment(referenceId) is not { Status: MomoStatus.Pending } payment || outcome == MomoStatus.Pending)
            {
                return null;
            }

            var decided = payment with
            {
                Status = outcome,
                Reason = outcome == MomoStatus.Failed ? reason : null,
                FinancialTransactionId = outcome == MomoStatus.Successful
                    ? RandomNumberGenerator.GetInt32(100_000_000, int.MaxValue).ToString(CultureInfo.InvariantCulture)
                    : null,
                DecidedAt = _clock.GetUtcNow(),
            };
            Keep(decided);
            return decided;
        }
    }

    /// <summary>False when the callback has been started before.</summary>
    public bool StartCallback(string referenceId)
    {
        lock (_gate)
        {
            if (Payment(referenceId) is not { CallbackStarted: false } payment)
            {
                return false;
            }

            Keep(payment with { CallbackStarted = true });
            return true;
        }
    }

    public void Dispose() => _journal.Dispose();

    private void Keep(MomoPayment payment)
    {
        _journal.Append(new MomoJournalEntry { Payment = payment });
        Show(payment);
    }

    private void Show(MomoPayment payment)
    {
        _payments[payment.ReferenceId] = payment;
        if (payment.Status == MomoStatus.Pending || (payment.CallbackUrl is not null && !payment.CallbackStarted))
        {
            _open[payment.ReferenceId] = true;
        }
        else
        {
            _open.TryRemove(payment.ReferenceId, out _);
        }
    }
}
