using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>
/// What the controls change about payments to come and about the service as a whole. In memory: a restart heals everything.
/// </summary>
internal sealed class MomoFaults(MtnMomoOptions options, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, MomoPlan> _byNumber = new(StringComparer.Ordinal);
    private readonly List<PlanChange> _changes = [];
    private readonly Countdown _loseAnswer = new();
    private DateTimeOffset _downUntil = DateTimeOffset.MinValue;
    private bool _hang;

    public bool Manual { get; set; } = options.Manual;

    public string CallbackMethod { get; set; } = options.CallbackMethod;

    public string ReasonShape { get; set; } = options.ReasonShape;

    public int DecisionDelayMs { get; set; } = options.DecisionDelayMs;

    public int AnswersToLose => _loseAnswer.Left;

    public IReadOnlyList<string> Pending
    {
        get
        {
            lock (_gate)
            {
                return [.. _changes.Select(c => c.Left == 0 ? c.Name : string.Create(
                    System.Globalization.CultureInfo.InvariantCulture, $"{c.Name} for {c.Left}"))];
            }
        }
    }

    /// <param name="count">How many payments to come it applies to; 0: all, until reset.</param>
    public void Change(string name, int count, Func<MomoPlan, MomoPlan> apply)
    {
        lock (_gate)
        {
            _changes.RemoveAll(c => c.Name == name);
            _changes.Add(new PlanChange(name, apply) { Left = count });
        }
    }

    public void SetOutcome(string msisdn, MomoPlan plan)
    {
        lock (_gate)
        {
            _byNumber[msisdn] = plan;
        }
    }

    public void TakeDown(TimeSpan time, bool hang)
    {
        lock (_gate)
        {
            _downUntil = clock.GetUtcNow() + time;
            _hang = hang;
        }
    }

    public (TimeSpan Left, bool Hang) Down()
    {
        lock (_gate)
        {
            return (_downUntil - clock.GetUtcNow(), _hang);
        }
    }

    public void LoseAnswers(int count) => _loseAnswer.Set(count);

    public bool LoseThisAnswer() => _loseAnswer.Take();

    /// <summary>The published test numbers, then what was set for the number, then the changes that are in force.</summary>
    public MomoPlan PlanFor(string msisdn)
    {
        lock (_gate)
        {
            var plan = _byNumber.GetValueOrDefault(msisdn) ?? Published(msisdn);
            foreach (var change in _changes)
            {
                plan = change.Apply(plan);
                if (change.Left > 0)
                {
                    change.Left--;
                    change.Spent = change.Left == 0;
                }
            }

            _changes.RemoveAll(c => c.Spent);
            return plan;
        }
    }

    public void Reset()
    {
        lock (_gate)
        {
            _byNumber.Clear();
            _changes.Clear();
            _downUntil = DateTimeOffset.MinValue;
        }

        _loseAnswer.Set(0);
        Manual = options.Manual;
        CallbackMethod = options.CallbackMethod;
        ReasonShape = options.ReasonShape;
        DecisionDelayMs = options.DecisionDelayMs;
    }

    private MomoPlan Published(string msisdn)
    {
        if (Manual)
        {
            return new MomoPlan { Outcome = MomoStatus.Pending };
        }

        var reason = msisdn switch
        {
            "46733123450" => "INTERNAL_PROCESSING_ERROR",
            "46733123451" => "APPROVAL_REJECTED",
            "46733123452" => "EXPIRED",
            "46733123455" => "PAYER_NOT_FOUND",
            "46733123456" => "PAYEE_NOT_ALLOWED_TO_RECEIVE",
            "46733123457" => "NOT_ALLOWED",
            "46733123458" => "NOT_ALLOWED_TARGET_ENVIRONMENT",
            "46733123459" => "INVALID_CALLBACK_URL_HOST",
            "46733123460" => "INVALID_CURRENCY",
            "46733123461" => "INTERNAL_PROCESSING_ERROR",
            "46733123462" => "SERVICE_UNAVAILABLE",
            "46733123463" => "COULD_NOT_PERFORM_TRANSACTION",
            _ => null,
        };
        if (reason is not null)
        {
            return new MomoPlan { Outcome = MomoStatus.Failed, Reason = reason, DecisionDelayMs = DecisionDelayMs };
        }

        return msisdn switch
        {
            "46733123453" => new MomoPlan { DecisionDelayMs = options.SlowDecisionDelayMs },
            "46733123454" => new MomoPlan { Outcome = MomoStatus.Pending },
            _ => new MomoPlan { DecisionDelayMs = DecisionDelayMs },
        };
    }

    private sealed class PlanChange(string name, Func<MomoPlan, MomoPlan> apply)
    {
        public string Name { get; } = name;

        public Func<MomoPlan, MomoPlan> Apply { get; } = apply;

        /// <summary>0: until reset.</summary>
        public int Left { get; set; }

        public bool Spent { get; set; }
    }
}
